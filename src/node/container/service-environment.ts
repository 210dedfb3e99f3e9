/** Environment variables that name the services of a namespace: `REDIS_SERVICE_HOST`, `REDIS_PORT_6379_TCP_ADDR`, …. */
import type { Service } from "../../schema/types/core-v1.ts";

/** Those of `services` that a pod sees, as variables. `links` is the pod's enableServiceLinks. */
export function serviceEnvironment(services: readonly Service[], namespace: string, links: boolean): Map<string, string> {
  const chosen = new Map<string, Service>();
  for (const service of services) {
    const ip = service.spec?.clusterIP;
    if (ip === undefined || ip === "" || ip === "None") continue;
    const name = service.metadata?.name ?? "";
    const own = service.metadata?.namespace === namespace && links;
    // The API server's service is told to every pod; a service of that name in the pod's own namespace wins.
    if (own || (service.metadata?.namespace === "default" && name === "kubernetes" && !chosen.has(name))) chosen.set(name, service);
  }
  const variables = new Map<string, string>();
  for (const service of chosen.values()) describe(service, variables);
  return variables;
}

function variableName(text: string): string {
  return text.replaceAll("-", "_").toUpperCase();
}

function describe(service: Service, variables: Map<string, string>): void {
  const prefix = variableName(service.metadata?.name ?? "");
  const ip = service.spec?.clusterIP ?? "";
  const ports = service.spec?.ports ?? [];
  variables.set(`${prefix}_SERVICE_HOST`, ip);
  if (ports[0] !== undefined) variables.set(`${prefix}_SERVICE_PORT`, String(ports[0].port));
  ports.forEach((port, index) => {
    if (port.name) variables.set(`${prefix}_SERVICE_PORT_${variableName(port.name)}`, String(port.port));
    const protocol = port.protocol ?? "TCP";
    const url = `${protocol.toLowerCase()}://${ip.includes(":") ? `[${ip}]` : ip}:${port.port}`;
    if (index === 0) variables.set(`${prefix}_PORT`, url);
    const long = `${prefix}_PORT_${port.port}_${protocol.toUpperCase()}`;
    variables.set(long, url);
    variables.set(`${long}_PROTO`, protocol.toLowerCase());
    variables.set(`${long}_PORT`, String(port.port));
    variables.set(`${long}_ADDR`, ip);
  });
}
