/** What RBAC's default policy has beside where the gates of its resources are on. */
import type { FeatureGates } from "../../core/feature-gates.ts";
import { mutable, type KubeObject } from "../../schema/object.ts";
import type { ClusterRole, ClusterRoleBinding, PolicyRule, Subject } from "../../schema/types/rbac-v1.ts";

type Gate = "ClusterTrustBundle" | "PodCertificateRequest" | "GenericWorkload";

interface MoreRules {
  readonly gate: Gate;
  readonly role: string;
  readonly rules: readonly PolicyRule[];
  /** The rule that they stand before; at the end when absent. */
  readonly before?: (rule: PolicyRule) => boolean;
}

interface MoreRole {
  readonly gate: Gate;
  readonly name: string;
  readonly rules: readonly PolicyRule[];
  readonly subject: Subject;
}

const rule = (group: string, verbs: string[], resources: string[]): PolicyRule => ({ verbs, apiGroups: [group], resources });
const read = ["get", "list", "watch"];
const certificates = "certificates.k8s.io";
const scheduling = "scheduling.k8s.io";
const rbac = "rbac.authorization.k8s.io";

const moreRules: readonly MoreRules[] = [
  {
    gate: "ClusterTrustBundle",
    role: "system:node",
    rules: [rule(certificates, read, ["clustertrustbundles"])],
    before: ({ resources }) => resources?.length === 1 && resources[0] === "serviceaccounts",
  },
  {
    gate: "PodCertificateRequest",
    role: "system:node",
    rules: [rule(certificates, ["create", ...read], ["podcertificaterequests"])],
  },
  {
    gate: "GenericWorkload",
    role: "system:aggregate-to-view",
    rules: [rule(scheduling, read, ["podgroups", "podgroups/status", "workloads"])],
  },
  {
    gate: "GenericWorkload",
    role: "system:aggregate-to-edit",
    rules: [rule(scheduling, ["create", "delete", "deletecollection", "patch", "update"], ["podgroups", "workloads"])],
  },
  {
    gate: "GenericWorkload",
    role: "system:kube-scheduler",
    rules: [rule(scheduling, read, ["podgroups"]), rule(scheduling, ["patch", "update"], ["podgroups/status"])],
  },
];

function controller(gate: Gate, name: string, rules: readonly PolicyRule[]): MoreRole {
  return { gate, name: `system:controller:${name}`, rules, subject: { kind: "ServiceAccount", name, namespace: "kube-system" } };
}

const moreRoles: readonly MoreRole[] = [
  {
    gate: "ClusterTrustBundle",
    name: "system:cluster-trust-bundle-discovery",
    rules: [rule(certificates, read, ["clustertrustbundles"])],
    subject: { kind: "Group", apiGroup: rbac, name: "system:serviceaccounts" },
  },
  controller("ClusterTrustBundle", "kube-apiserver-serving-clustertrustbundle-publisher", [
    { ...rule(certificates, ["attest"], ["signers"]), resourceNames: ["kubernetes.io/kube-apiserver-serving"] },
    rule(certificates, ["create", "delete", "list", "update", "watch"], ["clustertrustbundles"]),
    { verbs: ["create", "patch", "update"], apiGroups: ["", "events.k8s.io"], resources: ["events"] },
  ]),
  controller("PodCertificateRequest", "podcertificaterequestcleaner", [
    rule(certificates, ["delete", ...read], ["podcertificaterequests"]),
  ]),
  controller("GenericWorkload", "podgroup-protection-controller", [
    rule(scheduling, ["get", "list", "update", "watch"], ["podgroups"]),
    rule("", read, ["pods"]),
  ]),
];

/** The rules of a default role with those that gates add to them. */
export function gatedRules(role: string, rules: readonly PolicyRule[], features: FeatureGates): PolicyRule[] {
  const all = [...rules];
  for (const more of moreRules) {
    if (more.role !== role || !features.enabled(more.gate)) continue;
    const at = more.before === undefined ? -1 : all.findIndex(more.before);
    all.splice(at < 0 ? all.length : at, 0, ...more.rules);
  }
  return all;
}

/** The default objects with what gates add to them. */
export function gatedPolicy<T extends KubeObject & { kind: string }>(objects: readonly T[], features: FeatureGates): T[] {
  const changed = objects.map((object) => {
    const name = object.metadata?.name ?? "";
    if (object.kind !== "ClusterRole" || !moreRules.some((more) => more.role === name && features.enabled(more.gate))) return object;
    const role = mutable(object) as ClusterRole;
    role.rules = gatedRules(name, role.rules ?? [], features);
    return role as unknown as T;
  });
  const added = moreRoles.filter(({ gate }) => features.enabled(gate)).flatMap((more) => objectsOf(more) as unknown as T[]);
  return [...changed, ...added];
}

function objectsOf({ name, rules, subject }: MoreRole): [ClusterRole, ClusterRoleBinding] {
  const apiVersion = `${rbac}/v1`;
  const metadata = {
    name,
    labels: { "kubernetes.io/bootstrapping": "rbac-defaults" },
    annotations: { "rbac.authorization.kubernetes.io/autoupdate": "true" },
  };
  return [
    { apiVersion, kind: "ClusterRole", metadata, rules: [...rules] },
    { apiVersion, kind: "ClusterRoleBinding", metadata, roleRef: { apiGroup: rbac, kind: "ClusterRole", name }, subjects: [subject] },
  ];
}
