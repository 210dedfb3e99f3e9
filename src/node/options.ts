/** What a node agent is told. Plain data but for {@link NodeAgentOptions.log}: the same object comes from a JSON file. */
import type { ClientConfig } from "../client/config.ts";
import type { Clock } from "../core/clock.ts";
import type { Logger } from "../core/log.ts";

export interface NodeAgentOptions {
  readonly nodeName: string;
  /** The primary one first. */
  readonly nodeIPs: readonly string[];
  /** How to reach the API server, as `system:node:NAME`. */
  readonly apiServer: ClientConfig;
  /** Everything the node keeps lies below. */
  readonly dataDir: string;
  /** A containerd to start for this node, or the socket of a runtime that runs. */
  readonly runtime: { readonly containerd: string } | { readonly socket: string };
  /** Executables and configuration of the network. Default: `DATADIR/cni/bin`, `DATADIR/cni/net.d`. */
  readonly cniBinDir?: string | undefined;
  readonly cniConfDir?: string | undefined;
  /** Images that every node of the machine serves to its runtime. Default: `DATADIR/images`. */
  readonly imageStore?: string | undefined;
  readonly clusterDns?: readonly string[] | undefined;
  /** Default `cluster.local`. */
  readonly clusterDomain?: string | undefined;
  /** Below every hierarchy's root; `/` when absent. */
  readonly cgroupParent?: string | undefined;
  /** The node's own resolver, for pods that use it and for its search domains. Default `/etc/resolv.conf`. */
  readonly resolvConf?: string | undefined;
  /** Default 110. */
  readonly maxPods?: number | undefined;
  readonly labels?: Readonly<Record<string, string>> | undefined;
  /** Default 10250. */
  readonly kubeletPort?: number | undefined;
  /** PEM. The API server's client certificate must be signed by `clientCA`. */
  readonly tls: { readonly cert: string; readonly key: string; readonly clientCA: string };
  /** User names that may do everything without asking the API server: its own client certificate's. */
  readonly trustedUsers?: readonly string[] | undefined;
  /** What `nodeInfo` says. Default `v1.36.3`. */
  readonly kubeletVersion?: string | undefined;
  readonly clock?: Clock | undefined;
  readonly log?: Logger | undefined;
}

/** Every fault at once, as sentences; none when the options can be used. */
export function nodeAgentFaults(options: NodeAgentOptions): string[] {
  const faults: string[] = [];
  if (options.nodeName === "") faults.push("nodeName is empty");
  if (options.nodeIPs.length === 0) faults.push("nodeIPs is empty");
  if (!options.dataDir.startsWith("/")) faults.push(`dataDir must be an absolute path, not ${JSON.stringify(options.dataDir)}`);
  const parent = options.cgroupParent ?? "/";
  if (!parent.startsWith("/") || parent.split("/").includes(".."))
    faults.push(`cgroupParent must be an absolute path, not ${JSON.stringify(parent)}`);
  for (const [name, value] of Object.entries(options.tls)) if (!value.includes("-----BEGIN")) faults.push(`tls.${name} is not PEM`);
  return faults;
}
