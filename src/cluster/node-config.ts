/** What a node agent is told, as a file: `run-node --config FILE`. Paths are absolute. */
export interface NodeConfig {
  readonly nodeName: string;
  readonly nodeAddress: string;
  /** Everything the node keeps. */
  readonly dir: string;
  /** Of the agent's own identity, `system:node:NAME`. */
  readonly kubeconfig: string;
  /** Of its network's: it may read services, slices, nodes and namespaces. */
  readonly networkKubeconfig: string;
  /** PEM files: the serving certificate for port 10250 and the CA of its clients. */
  readonly servingCertificate: string;
  readonly servingKey: string;
  readonly clientCa: string;
  readonly containerd: string;
  readonly cgroup: string;
  readonly clusterPodCidr: string;
  readonly serviceCidr: string;
  readonly nodeCidr: string;
  readonly dnsAddress: string;
  readonly clusterDomain: string;
  /** The cluster's images, shared by its nodes. */
  readonly imageDir: string;
  readonly resolvers: readonly string[];
}
