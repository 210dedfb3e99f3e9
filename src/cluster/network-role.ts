/** What the network of a node may read: what its service proxy and its DNS answer from. */
import type { Client } from "../client/client.ts";
import { hasReason } from "../core/api-error.ts";
import { type ClusterRole, type ClusterRoleBinding, clusterrolebindings, clusterroles } from "../schema/types/rbac-v1.ts";
import { type Service, services } from "../schema/types/core-v1.ts";
import { type EndpointSlice, endpointslices } from "../schema/types/discovery-v1.ts";
import type { ResourceRef } from "../schema/resource-ref.ts";
import { networkGroup } from "./pki.ts";

const role: ClusterRole = {
  metadata: { name: networkGroup },
  rules: [
    { apiGroups: [""], resources: ["services", "nodes", "namespaces"], verbs: ["get", "list", "watch"] },
    { apiGroups: ["discovery.k8s.io"], resources: ["endpointslices"], verbs: ["get", "list", "watch"] },
  ],
};

const binding: ClusterRoleBinding = {
  metadata: { name: networkGroup },
  roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: networkGroup },
  subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "Group", name: networkGroup }],
};

export async function ensureNetworkRole(client: Client): Promise<void> {
  await ensure(client, clusterroles, role, "");
  await ensure(client, clusterrolebindings, binding, "");
}

/**
 * The Service of cluster DNS. Every node answers its address by itself; the slice names the nodes, on whose own addresses
 * DNS answers too.
 */
export async function ensureDnsService(client: Client, address: string, nodeAddresses: readonly string[]): Promise<void> {
  const metadata = {
    name: "kube-dns",
    namespace: "kube-system",
    labels: { "k8s-app": "kube-dns", "kubernetes.io/name": "CoreDNS", "kubernetes.io/cluster-service": "true" },
  };
  const service: Service = {
    metadata,
    spec: {
      clusterIP: address,
      ports: [
        { name: "dns", port: 53, protocol: "UDP", targetPort: 53 },
        { name: "dns-tcp", port: 53, protocol: "TCP", targetPort: 53 },
      ],
    },
  };
  const slice: EndpointSlice = {
    metadata: {
      name: "kube-dns",
      namespace: "kube-system",
      labels: { "kubernetes.io/service-name": "kube-dns", "endpointslice.kubernetes.io/managed-by": "tsukube" },
    },
    addressType: "IPv4",
    endpoints: nodeAddresses.map((a) => ({ addresses: [a], conditions: { ready: true, serving: true, terminating: false } })),
    ports: [
      { name: "dns", port: 53, protocol: "UDP" },
      { name: "dns-tcp", port: 53, protocol: "TCP" },
    ],
  };
  await ensure(client, services, service, "kube-system");
  await ensure(client, endpointslices, slice, "kube-system");
  await client.resource(endpointslices, "kube-system").patch("kube-dns", "merge", { endpoints: slice.endpoints });
}

async function ensure<T extends object>(client: Client, ref: ResourceRef<T>, object: T, namespace: string): Promise<void> {
  const api = client.resource(ref, namespace);
  try {
    await api.get((object as { metadata: { name: string } }).metadata.name);
  } catch (error) {
    if (!hasReason(error, "NotFound")) throw error;
    await api.create(object);
  }
}
