/** What kubelets may see and do, with everything served that they could ask for. */
import type { Cases } from "./cases.ts";
import { gatedFlags, prepareGated } from "./gated-certificates.ts";
import type { Ask, AskedServer, World } from "./world.ts";

const certificates = "/apis/certificates.k8s.io/v1beta1";
const podCertificates = `${certificates}/namespaces/default/podcertificaterequests`;
const slices = "/apis/resource.k8s.io/v1/resourceslices";
const leases = "/apis/coordination.k8s.io/v1/namespaces";
const ofNode = "fieldSelector=spec.nodeName%3Dn";

const reads: readonly string[] = [
  `${certificates}/clustertrustbundles`,
  `${certificates}/clustertrustbundles/there`,
  `${certificates}/podcertificaterequests`,
  `${certificates}/podcertificaterequests?${ofNode}`,
  podCertificates,
  `${podCertificates}?${ofNode}`,
  `${podCertificates}/open`,
  `${podCertificates}/open/status`,
  slices,
  `${slices}?${ofNode}`,
  `${slices}/s1`,
  "/api/v1/pods",
  `/api/v1/pods?${ofNode}`,
  "/api/v1/nodes",
  "/api/v1/nodes/n",
  "/api/v1/nodes?fieldSelector=metadata.name%3Dn",
  "/apis/storage.k8s.io/v1/volumeattachments/x",
  "/apis/storage.k8s.io/v1/csinodes/n",
  `${leases}/kube-node-lease/leases/n`,
  `${leases}/kube-system/leases/n`,
  "/api/v1/namespaces/default/secrets",
  "/api/v1/namespaces/default/secrets/x",
  "/api/v1/namespaces/default/serviceaccounts/default",
];

const slice = (name: string): object => ({
  metadata: { name },
  spec: { driver: "d.example.com", nodeName: "n", pool: { name: "p", generation: 1, resourceSliceCount: 1 }, devices: [] },
});

const signing = { request: "AAAA", signerName: "kubernetes.io/kube-apiserver-client-kubelet", usages: ["client auth"] };
const podCertificate = { signerName: "example.com/s", podName: "p", podUID: "u", serviceAccountName: "a", serviceAccountUID: "u" };

const writes: Readonly<Record<string, Ask>> = {
  "deletes a slice": { method: "DELETE", path: `${slices}/s1?dryRun=All` },
  "deletes its slices": { method: "DELETE", path: `${slices}?dryRun=All&${ofNode}` },
  "makes a slice": { path: `${slices}?dryRun=All`, body: slice("s2") },
  "asks for a pod's certificate": {
    path: podCertificates,
    body: { metadata: { name: "q" }, spec: { ...podCertificate, nodeName: "n", nodeUID: "u", stubPKCS10Request: "AAAA" } },
  },
  "makes a CSINode": { path: "/apis/storage.k8s.io/v1/csinodes?dryRun=All", body: { metadata: { name: "n" }, spec: { drivers: [] } } },
  "makes a lease": { path: `${leases}/kube-node-lease/leases?dryRun=All`, body: { metadata: { name: "n" }, spec: {} } },
  "asks for a certificate": {
    path: "/apis/certificates.k8s.io/v1/certificatesigningrequests?dryRun=All",
    body: { metadata: { name: "n" }, spec: signing },
  },
  "asks for a token": { path: "/api/v1/namespaces/default/serviceaccounts/default/token", body: { spec: {} } },
  "labels the node": {
    method: "PATCH",
    path: "/api/v1/nodes/n?dryRun=All",
    headers: { "content-type": "application/merge-patch+json" },
    body: { metadata: { labels: { "node-restriction.kubernetes.io/x": "y" } } },
  },
  "tells an event": { path: "/api/v1/namespaces/default/events?dryRun=All", body: { metadata: { name: "e" }, involvedObject: {} } },
};

export function nodeFlags(world: World): readonly string[] {
  return [
    ...gatedFlags(world).filter((flag) => !flag.startsWith("authorization-mode=")),
    "authorization-mode=Node,RBAC",
    "enable-admission-plugins=NodeRestriction",
  ];
}

export async function prepareNodes(server: AskedServer, world: World): Promise<void> {
  await prepareGated(server, world);
  for (const [path, body] of [
    ["/api/v1/nodes", { metadata: { name: "n" } }],
    [slices, slice("s1")],
  ] as const) {
    const answer = await server.ask({ path, body, certificate: world.admin });
    if (answer.status !== 201) throw new Error(`${path}: ${JSON.stringify(answer)}`);
  }
}

export function nodeCases(world: World): Cases {
  const asking = {
    "the node": world.client("system:node:n", ["system:nodes"]),
    "another node": world.client("system:node:m", ["system:nodes"]),
    "a service account": world.client("system:serviceaccount:default:x", ["system:serviceaccounts"]),
  };
  return Object.fromEntries(
    Object.entries(asking).flatMap(([who, certificate]): [string, Ask][] => [
      ...reads.map((path): [string, Ask] => [`${who} reads ${path}`, { path, certificate }]),
      ...Object.entries(writes).map(([what, ask]): [string, Ask] => [`${who} ${what}`, { ...ask, certificate }]),
    ]),
  );
}
