/** Ports of the node that lead to a pod: `hostPort` of a container. */
import { isIPv4 } from "node:net";

export interface HostPort {
  /** `tcp`, `udp` or `sctp`. */
  readonly protocol: string;
  readonly port: number;
  /** The one address of the node that the port is opened at; every address when absent. */
  readonly at?: string;
  readonly podAddress: string;
  readonly podPort: number;
}

/** A mapping as CNI's `portMappings` capability has it. */
export interface PortMapping {
  hostPort: number;
  containerPort: number;
  protocol?: string;
  hostIP?: string;
}

/**
 * A mapping from a runtime's JSON. Runtimes in Go may write the fields' names in their language's case (`HostPort`), since Go
 * reads names in any case.
 */
export function readPortMapping(from: Readonly<Record<string, unknown>>): PortMapping {
  const fields = new Map(Object.entries(from).map(([name, value]) => [name.toLowerCase(), value]));
  const text = (name: string): string | undefined => {
    const value = fields.get(name);
    return typeof value === "string" && value !== "" ? value : undefined;
  };
  const [protocol, hostIP] = [text("protocol"), text("hostip")];
  return {
    hostPort: Number(fields.get("hostport") ?? 0),
    containerPort: Number(fields.get("containerport") ?? 0),
    ...(protocol === undefined ? {} : { protocol }),
    ...(hostIP === undefined ? {} : { hostIP }),
  };
}

/** What the mappings of a pod with this address open. Those of another address family open nothing. */
export function hostPortsOf(podAddress: string, mappings: readonly PortMapping[]): HostPort[] {
  const ports: HostPort[] = [];
  for (const { hostPort, containerPort, protocol = "tcp", hostIP = "" } of mappings) {
    if (hostPort === 0 || (hostIP !== "" && !isIPv4(hostIP))) continue;
    const anywhere = hostIP === "" || hostIP === "0.0.0.0";
    ports.push({
      protocol: protocol.toLowerCase(),
      port: hostPort,
      ...(anywhere ? {} : { at: hostIP }),
      podAddress,
      podPort: containerPort,
    });
  }
  return ports;
}
