/** Real nodes on this host: the network between them, a machine and an agent each, and the host's routes to their pods. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Clock } from "../../core/clock.ts";
import type { Logger } from "../../core/log.ts";
import { keepPodRoutes } from "../../network/routes.ts";
import { isSimulated, systemResolvers } from "../../network/index.ts";
import { findProgram } from "../capabilities.ts";
import { addressAt, parseCidr } from "../cidr.ts";
import type { ControlPlane } from "../control-plane.ts";
import { writeOwnKubeconfig } from "../kubeconfig.ts";
import { imageDir } from "../layout.ts";
import type { NodeConfig } from "../node-config.ts";
import type { ClusterConfig } from "../options.ts";
import { ensureDnsService, ensureNetworkRole } from "../network-role.ts";
import { type ClusterPki, networkGroup } from "../pki.ts";
import { ClusterError, nodesOnDisk, writeFileWhole } from "../state.ts";
import { Agent } from "./agents.ts";
import { bridgeName, ensureHostNetwork, hostAddress } from "./host-network.ts";
import { ensureMachine, type Machine, machineOf, removeMachine } from "./machine.ts";

export interface MachinesOptions {
  readonly config: ClusterConfig;
  readonly pki: ClusterPki;
  readonly plane: ControlPlane;
  readonly clock: Clock;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

export interface Machines {
  /** Nodes whose agents were running already. */
  readonly adopted: ReadonlySet<string>;
  /** Ends the agents and takes the host's routes away. */
  stop(): Promise<void>;
}

/** Cluster DNS has the tenth address of the service range, as kubeadm gives it. */
export function dnsAddress(config: Pick<ClusterConfig, "serviceCidr">): string {
  return addressAt(parseCidr(config.serviceCidr), 10);
}

/** Ends the machines that an earlier run with more nodes left when it crashed. */
export async function removeSurplusMachines(config: ClusterConfig): Promise<void> {
  if (process.platform !== "linux" || process.getuid?.() !== 0) return;
  for (let index = config.nodes + 1; index <= nodesOnDisk(config.dataDir); index++) await removeMachine(machineOf(config, index));
}

export async function startMachines(options: MachinesOptions): Promise<Machines> {
  const { config, plane, clock, log } = options;
  const containerd = config.containerd ?? findProgram("containerd");
  if (containerd === undefined)
    throw new ClusterError("containerd is missing; `tsukube doctor --fix` installs it, or name one with --containerd");
  await ensureHostNetwork(config);
  const url = await plane.listenOn(hostAddress(config));
  await ensureNetworkRole(plane.client);
  await ensureDnsService(
    plane.client,
    dnsAddress(config),
    Array.from({ length: config.nodes }, (_, i) => machineOf(config, i + 1).address),
  );
  const removeRoutes = keepPodRoutes(plane.informers, log.child("routes"), isSimulated, bridgeName(config));
  const adopted = new Set<string>();
  const agents = await Promise.all(
    Array.from({ length: config.nodes }, async (_, i) => {
      const machine = machineOf(config, i + 1);
      const holder = (): ReturnType<typeof ensureMachine> => ensureMachine(config, machine);
      await holder();
      const { file, changed } = writeNodeFiles(options, machine, url, containerd);
      const agent = new Agent({ machine, holder, configFile: file, clock, log: log.child("agents") });
      if ((await agent.start(changed)) === "adopted") adopted.add(machine.name);
      return agent;
    }),
  );
  return {
    adopted,
    stop: async () => {
      await Promise.all(agents.map((a) => a.stop()));
      await removeRoutes();
    },
  };
}

/** The node's certificates, kubeconfig and configuration. `changed`: a running agent has to take them up. */
function writeNodeFiles(options: MachinesOptions, machine: Machine, url: string, containerd: string): { file: string; changed: boolean } {
  const { config, pki } = options;
  const path = (name: string): string => join(machine.dir, name);
  const { client, network, serving } = pki.node(machine.name, machine.address);
  writeOwnKubeconfig(path("kubeconfig"), {
    name: config.name,
    server: url,
    ca: pki.ca.certificate,
    user: `system:node:${machine.name}`,
    credentials: client,
  });
  writeOwnKubeconfig(path("network.kubeconfig"), {
    name: config.name,
    server: url,
    ca: pki.ca.certificate,
    user: `${networkGroup}:${machine.name}`,
    credentials: network,
  });
  writeFileWhole(path("serving.crt"), serving.certificate, 0o644);
  writeFileWhole(path("serving.key"), serving.key);
  writeFileWhole(path("ca.crt"), pki.ca.certificate, 0o644);
  const node: NodeConfig = {
    nodeName: machine.name,
    nodeAddress: machine.address,
    dir: machine.dir,
    kubeconfig: path("kubeconfig"),
    networkKubeconfig: path("network.kubeconfig"),
    servingCertificate: path("serving.crt"),
    servingKey: path("serving.key"),
    clientCa: path("ca.crt"),
    containerd,
    cgroup: machine.cgroup,
    clusterPodCidr: config.podCidr,
    serviceCidr: config.serviceCidr,
    nodeCidr: config.nodeCidr,
    dnsAddress: dnsAddress(config),
    clusterDomain: "cluster.local",
    imageDir: imageDir(config),
    resolvers: systemResolvers(),
  };
  const text = `${JSON.stringify(node, undefined, 2)}\n`;
  const file = path("config.json");
  const changed = !existsSync(file) || readFileSync(file, "utf8") !== text;
  if (changed) writeFileWhole(file, text);
  return { file, changed };
}
