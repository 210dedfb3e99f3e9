/** Where upstream keeps each resource in etcd, so that both can read one another's data. */
const irregular: Readonly<Record<string, string>> = {
  endpoints: "services/endpoints",
  ingresses: "ingress",
  nodes: "minions",
  replicationcontrollers: "controllers",
  services: "services/specs",
};

/** Groups whose keys carry the group. */
const withGroup: ReadonlySet<string> = new Set(["apiextensions.k8s.io", "apiregistration.k8s.io"]);

export function storagePrefix(group: string, resource: string): string {
  if (withGroup.has(group)) return `/registry/${group}/${resource}`;
  return `/registry/${irregular[resource] ?? resource}`;
}
