/**
 * What a kubelet may do: read what its own pods name, its own node, lease and CSINode, ask for tokens of its pods' service
 * accounts, and otherwise what the rules of `system:node` say. NodeRestriction admission narrows the writes.
 */
import { FieldSelectorError, parseFieldSelector } from "../../schema/field-selector.ts";
import type { PolicyRule } from "../../schema/types/rbac-v1.ts";
import type { Attributes, Authorizer, Verdict } from "../authorizer.ts";
import type { RuleResolver, RuleSet } from "../authorizers.ts";
import { nodesGroup } from "../names.ts";
import { ruleAllows } from "../rbac/rules.ts";
import type { UserInfo } from "../user.ts";
import type { NodeGraph, VertexKind } from "./graph.ts";

const allow: Verdict = { decision: "allow", reason: "" };
const noOpinion: Verdict = { decision: "no-opinion", reason: "" };
const because = (reason: string): Verdict => ({ decision: "no-opinion", reason });

const leaseNamespace = "kube-node-lease";
const ownVerbs = new Set(["get", "create", "update", "patch", "delete"]);

/** The node a user is: undefined for others, empty when the group says node and the name does not say which. */
export function nodeIdentity(user: UserInfo): string | undefined {
  if (!user.name.startsWith("system:node:") || !user.groups.includes(nodesGroup)) return undefined;
  return user.name.slice("system:node:".length);
}

/** True when the field selector pins `field` to `value`. One that cannot be read pins nothing. */
function selects(selector: string | undefined, field: string, value: string): boolean {
  if (selector === undefined) return false;
  if (selector === `${field}=${value}`) return true;
  try {
    return parseFieldSelector(selector).requirements.some((r) => r.op === "=" && r.field === field && r.value === value);
  } catch (error) {
    if (error instanceof FieldSelectorError) return false;
    throw error;
  }
}

export class NodeAuthorizer implements Authorizer, RuleResolver {
  readonly #graph: NodeGraph;
  readonly #rules: readonly PolicyRule[];

  /** `rules`: those of the bootstrap ClusterRole `system:node`. */
  constructor(graph: NodeGraph, rules: readonly PolicyRule[]) {
    this.#graph = graph;
    this.#rules = rules;
  }

  rulesFor(user: UserInfo): RuleSet {
    const isNode = nodeIdentity(user) !== undefined;
    return {
      resourceRules: [],
      nonResourceRules: [],
      incomplete: isNode,
      error: isNode ? "node authorizer does not support user rule resolution" : undefined,
    };
  }

  authorize(a: Attributes): Verdict {
    const node = nodeIdentity(a.user);
    if (node === undefined) return noOpinion;
    if (node === "") return because(`unknown node for user ${JSON.stringify(a.user.name)}`);
    if (a.resourceRequest) {
      const special = this.#special(node, a);
      if (special !== undefined) return special;
    }
    return this.#rules.some((rule) => ruleAllows(a, rule)) ? allow : noOpinion;
  }

  #special(node: string, a: Attributes): Verdict | undefined {
    switch (a.group === "" ? a.resource : `${a.resource}.${a.group}`) {
      case "secrets":
        return this.#read(node, "secret", a);
      case "configmaps":
        return this.#read(node, "configmap", a);
      case "persistentvolumeclaims":
        return a.subresource === "status" ? this.#claimStatus(node, a) : this.#get(node, "pvc", a);
      case "persistentvolumes":
        return this.#get(node, "pv", a);
      case "resourceclaims.resource.k8s.io":
        return this.#get(node, "resourceclaim", a);
      case "volumeattachments.storage.k8s.io":
        return this.#get(node, "volumeattachment", a);
      case "serviceaccounts":
        return this.#serviceAccount(node, a);
      case "leases.coordination.k8s.io":
        return lease(node, a);
      case "csinodes.storage.k8s.io":
        return csiNode(node, a);
      case "resourceslices.resource.k8s.io":
        return this.#resourceSlice(node, a);
      case "nodes":
        return ownNode(node, a);
      case "pods":
        return this.#pod(node, a);
      case "podcertificaterequests.certificates.k8s.io":
        return this.#podCertificateRequest(node, a);
      default:
        return undefined;
    }
  }

  #related(node: string, kind: VertexKind, a: Attributes): Verdict {
    if (a.name === "") return because("No Object name found");
    return this.#graph.related(node, kind, a.namespace, a.name)
      ? allow
      : because(`no relationship found between node '${node}' and this object`);
  }

  #get(node: string, kind: VertexKind, a: Attributes): Verdict {
    if (a.verb !== "get") return because("can only get individual resources of this type");
    if (a.subresource !== "") return because("cannot get subresource");
    return this.#related(node, kind, a);
  }

  #read(node: string, kind: VertexKind, a: Attributes): Verdict {
    if (a.verb !== "get" && a.verb !== "list" && a.verb !== "watch") return because("can only read resources of this type");
    if (a.subresource !== "") return because("cannot read subresource");
    if (a.namespace === "") return because("can only read namespaced object of this type");
    return this.#related(node, kind, a);
  }

  #claimStatus(node: string, a: Attributes): Verdict {
    if (a.verb !== "update" && a.verb !== "patch") return because("can only get/update/patch this type");
    return this.#related(node, "pvc", a);
  }

  #serviceAccount(node: string, a: Attributes): Verdict {
    if (a.verb === "get" && a.subresource === "") return this.#read(node, "serviceaccount", a);
    if (a.verb !== "create" || a.name === "") return because("can only create tokens for individual service accounts");
    if (a.subresource !== "token") return because("can only create token subresource of serviceaccount");
    return this.#related(node, "serviceaccount", a);
  }

  #resourceSlice(node: string, a: Attributes): Verdict {
    if (a.subresource !== "") return because("cannot authorize ResourceSlice subresources");
    switch (a.verb) {
      case "create":
        return allow;
      case "get":
      case "update":
      case "patch":
      case "delete":
        return this.#related(node, "resourceslice", a);
      case "watch":
      case "list":
      case "deletecollection":
        return selects(a.fieldSelector, "spec.nodeName", node)
          ? allow
          : because("can only list/watch/deletecollection resourceslices with nodeName field selector");
      default:
        return because(
          "only the following verbs are allowed for a ResourceSlice: get, watch, list, create, update, patch, delete, deletecollection",
        );
    }
  }

  #pod(node: string, a: Attributes): Verdict {
    const { verb } = a;
    if (a.subresource === "") {
      if (verb === "get") return this.#get(node, "pod", a);
      if (verb === "create" || verb === "delete") return allow;
      if (verb !== "list" && verb !== "watch") return noOpinion;
      if (selects(a.fieldSelector, "spec.nodeName", node)) return allow;
      return a.name === "" ? because("can only list/watch pods with spec.nodeName field selector") : this.#related(node, "pod", a);
    }
    if (a.subresource === "status" && (verb === "update" || verb === "patch")) return allow;
    return a.subresource === "eviction" && verb === "create" ? allow : noOpinion;
  }

  #podCertificateRequest(node: string, a: Attributes): Verdict {
    if (a.subresource !== "") return because("nodes may not access the status subresource of PodCertificateRequests");
    if (a.verb === "create") return allow;
    if (a.verb === "get") return this.#related(node, "podcertificaterequest", a);
    if (a.verb !== "list" && a.verb !== "watch") return because(`nodes may not ${a.verb} podcertificaterequests`);
    return selects(a.fieldSelector, "spec.nodeName", node)
      ? allow
      : because("can only list/watch podcertificaterequests with nodeName field selector");
  }
}

function lease(node: string, a: Attributes): Verdict {
  if (!ownVerbs.has(a.verb)) return because("can only get, create, update, patch, or delete a node lease");
  if (a.namespace !== leaseNamespace) return because(`can only access leases in the "${leaseNamespace}" system namespace`);
  // The name is not known on create; admission looks at it.
  if (a.verb !== "create" && a.name !== node) return because("can only access node lease with the same name as the requesting node");
  return allow;
}

function csiNode(node: string, a: Attributes): Verdict {
  if (!ownVerbs.has(a.verb)) return because("can only get, create, update, patch, or delete a CSINode");
  if (a.subresource !== "") return because("cannot authorize CSINode subresources");
  if (a.verb !== "create" && a.name !== node) return because("can only access CSINode with the same name as the requesting node");
  return allow;
}

function ownNode(node: string, a: Attributes): Verdict {
  const { verb } = a;
  if (a.subresource === "status") return verb === "update" || verb === "patch" ? allow : noOpinion;
  if (a.subresource !== "") return noOpinion;
  if (verb === "create" || verb === "update" || verb === "patch") return allow;
  if (verb !== "get" && verb !== "list" && verb !== "watch") return noOpinion;
  if (a.name === node) return allow;
  return a.name === ""
    ? because(`node '${node}' cannot read all nodes, only its own Node object`)
    : because(`node '${node}' cannot read '${a.name}', only its own Node object`);
}
