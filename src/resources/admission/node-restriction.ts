/** What a kubelet may write: its own node, lease and CSINode, the status of its own pods, mirror pods (upstream's NodeRestriction). */
import type { AdmissionAttributes, AdmissionPlugin } from "../../apiserver/admission.ts";
import { jsonEqual } from "../../apiserver/json-equal.ts";
import { nodeIdentity } from "../../auth/node/node-authorizer.ts";
import { notFound } from "../../core/api-error.ts";
import type { FeatureGates } from "../../core/feature-gates.ts";
import { parseCsr } from "../../host/pki.ts";
import type { TokenRequest } from "../../schema/types/authentication-v1.ts";
import type { CertificateSigningRequest } from "../../schema/types/certificates-v1.ts";
import type { Node, PersistentVolumeClaim, Pod } from "../../schema/types/core-v1.ts";
import type { ResourceSlice } from "../../schema/types/resource-v1.ts";
import type { ResourceDeps } from "../deps.ts";
import { refusal } from "./forbidden.ts";
import { forbiddenNodeLabels } from "./node-labels.ts";
import { apiReference, isMirrorPod, mirrorAnnotation } from "./pod-references.ts";
import { checkPodCertificateRequest } from "./pod-certificate-requests.ts";
import { mayRequestAudience } from "./token-audiences.ts";

type Check = (deps: ResourceDeps, node: string, attributes: AdmissionAttributes, features: FeatureGates) => Promise<void> | void;

/** By `group/resource`: what is not here a node may write as RBAC says. */
const checks: Readonly<Record<string, Check>> = {
  "/pods": checkPods,
  "/nodes": checkNode,
  "/persistentvolumeclaims": checkClaim,
  "/serviceaccounts": checkToken,
  "coordination.k8s.io/leases": checkLease,
  "storage.k8s.io/csinodes": checkCsiNode,
  "resource.k8s.io/resourceslices": checkResourceSlice,
  "certificates.k8s.io/certificatesigningrequests": checkSigningRequest,
  "certificates.k8s.io/podcertificaterequests": checkPodCertificateRequest,
};

export function nodeRestriction(deps: ResourceDeps, features: FeatureGates): AdmissionPlugin {
  return {
    name: "NodeRestriction",
    handles: (a) => a.operation !== "CONNECT" && nodeIdentity(a.user) !== undefined,
    admit: async (attributes) => {
      const node = nodeIdentity(attributes.user);
      if (node === undefined) return;
      if (node === "") throw refusal(attributes, `could not determine node from user ${JSON.stringify(attributes.user.name)}`);
      const { group, resource } = attributes.definition;
      await checks[`${group}/${resource}`]?.(deps, node, attributes, features);
    },
  };
}

const quoted = (text: string): string => JSON.stringify(text);

async function storedPod(deps: ResourceDeps, attributes: AdmissionAttributes, name: string): Promise<Pod> {
  const pod = await deps.objects("", "pods").get(attributes.namespace, name);
  if (pod === undefined) throw notFound({ group: "", resource: "pod" }, name);
  return pod as unknown as Pod;
}

async function checkPods(deps: ResourceDeps, node: string, attributes: AdmissionAttributes): Promise<void> {
  const { subresource, operation } = attributes;
  if (subresource === "status") {
    checkPodStatus(node, attributes);
    return;
  }
  if (subresource === "eviction") {
    if (operation !== "CREATE") throw refusal(attributes, `unexpected operation ${operation}`);
    const pod = await storedPod(deps, attributes, attributes.name || (attributes.object?.metadata?.name ?? ""));
    if (pod.spec?.nodeName !== node) throw refusal(attributes, `node ${node} can only evict pods with spec.nodeName set to itself`);
    return;
  }
  if (subresource !== "")
    throw refusal(attributes, `unexpected pod subresource ${quoted(subresource)}, only 'status' and 'eviction' are allowed`);
  if (operation === "CREATE") await checkMirrorPod(deps, node, attributes);
  else if (operation === "DELETE") {
    const pod = await storedPod(deps, attributes, attributes.name);
    if (pod.spec?.nodeName !== node)
      throw refusal(attributes, `node ${quoted(node)} can only delete pods with spec.nodeName set to itself`);
  } else
    throw refusal(attributes, `unexpected operation ${quoted(operation)}, node ${quoted(node)} can only create and delete mirror pods`);
}

function checkPodStatus(node: string, attributes: AdmissionAttributes): void {
  if (attributes.operation !== "UPDATE") throw refusal(attributes, `unexpected operation ${quoted(attributes.operation)}`);
  const old = attributes.oldObject as unknown as Pod;
  const now = attributes.object as unknown as Pod;
  const me = `node ${quoted(node)}`;
  if (old.spec?.nodeName !== node) throw refusal(attributes, `${me} can only update pod status for pods with spec.nodeName set to itself`);
  if (!jsonEqual(old.metadata?.labels ?? {}, now.metadata?.labels ?? {}))
    throw refusal(attributes, `${me} cannot update labels through pod status`);
  if (!jsonEqual(old.status?.resourceClaimStatuses ?? [], now.status?.resourceClaimStatuses ?? []))
    throw refusal(attributes, `${me} cannot update resource claim statues`);
  if (!jsonEqual(old.status?.extendedResourceClaimStatus, now.status?.extendedResourceClaimStatus))
    throw refusal(attributes, `${me} cannot update extended resource claim status`);
}

/** Mirror pods alone: owned by the node, on the node, naming nothing of the API. */
async function checkMirrorPod(deps: ResourceDeps, node: string, attributes: AdmissionAttributes): Promise<void> {
  const pod = attributes.object as unknown as Pod;
  const me = `node ${quoted(node)}`;
  if (!isMirrorPod(pod))
    throw refusal(attributes, `pod does not have ${quoted(mirrorAnnotation)} annotation, ${me} can only create mirror pods`);
  if (pod.spec?.nodeName !== node) throw refusal(attributes, `${me} can only create pods with spec.nodeName set to itself`);
  const owners = pod.metadata?.ownerReferences ?? [];
  if (owners.length > 1) throw refusal(attributes, `${me} can only create pods with a single owner reference set to itself`);
  const owner = owners[0];
  if (owner === undefined || owner.apiVersion !== "v1" || owner.kind !== "Node" || owner.name !== node)
    throw refusal(attributes, `${me} can only create pods with an owner reference set to itself`);
  if (owner.controller !== true) throw refusal(attributes, `${me} can only create pods with a controller owner reference set to itself`);
  if (owner.blockOwnerDeletion === true) throw refusal(attributes, `${me} must not set blockOwnerDeletion on an owner reference`);
  const stored = await deps.objects("", "nodes").get("", node);
  if (stored === undefined) throw notFound({ group: "", resource: "node" }, node);
  if (owner.uid !== stored.metadata?.uid)
    throw refusal(attributes, `node ${node} UID mismatch: expected ${owner.uid} got ${stored.metadata?.uid ?? ""}`);
  const named = apiReference(pod);
  if (named !== undefined) throw refusal(attributes, `${me} can not create pods that reference ${named}`);
}

function checkNode(_deps: ResourceDeps, name: string, attributes: AdmissionAttributes): void {
  const requested = attributes.name || (attributes.object?.metadata?.name ?? "");
  const me = `node ${quoted(name)}`;
  if (requested !== name) throw refusal(attributes, `${me} is not allowed to modify node ${quoted(requested)}`);
  const node = attributes.object as unknown as Node | undefined;
  if (node === undefined) return;
  if (attributes.operation === "CREATE") {
    if (node.spec?.configSource !== undefined) throw refusal(attributes, `${me} is not allowed to create pods with a non-nil configSource`);
    const labels = forbiddenNodeLabels(node.metadata?.labels, undefined);
    if (labels.length > 0) throw refusal(attributes, `${me} is not allowed to set the following labels: ${labels.join(", ")}`);
  }
  if (attributes.operation !== "UPDATE") return;
  const old = attributes.oldObject as unknown as Node;
  if (node.spec?.configSource !== undefined && !jsonEqual(node.spec.configSource, old.spec?.configSource))
    throw refusal(attributes, `${me} is not allowed to update configSource to a new non-nil configSource`);
  if (!jsonEqual(node.spec?.taints ?? [], old.spec?.taints ?? [])) throw refusal(attributes, `${me} is not allowed to modify taints`);
  if (!jsonEqual(node.metadata?.ownerReferences ?? [], old.metadata?.ownerReferences ?? []))
    throw refusal(attributes, `${me} is not allowed to modify ownerReferences`);
  const labels = forbiddenNodeLabels(node.metadata?.labels, old.metadata?.labels);
  if (labels.length > 0) throw refusal(attributes, `is not allowed to modify labels: ${labels.join(", ")}`);
}

function checkClaim(_deps: ResourceDeps, node: string, attributes: AdmissionAttributes): void {
  if (attributes.subresource !== "status") throw refusal(attributes, "may only update PVC status");
  if (attributes.operation !== "UPDATE") throw refusal(attributes, `unexpected operation ${quoted(attributes.operation)}`);
  if (jsonEqual(withoutGrowth(attributes.oldObject), withoutGrowth(attributes.object))) return;
  throw refusal(attributes, `node ${quoted(node)} is not allowed to update fields other than status.quantity and status.conditions`);
}

/** A claim without what a node may report of it. */
function withoutGrowth(object: unknown): unknown {
  const claim = object as PersistentVolumeClaim;
  const { resourceVersion: _version, managedFields: _managed, ...metadata } = claim.metadata ?? {};
  const {
    capacity: _capacity,
    conditions: _conditions,
    allocatedResources: _resources,
    allocatedResourceStatuses: _statuses,
    ...status
  } = claim.status ?? {};
  return { ...claim, metadata, status };
}

/** A node asks for tokens of its own pods alone, for audiences that the pod names. */
async function checkToken(deps: ResourceDeps, node: string, attributes: AdmissionAttributes, features: FeatureGates): Promise<void> {
  if (attributes.operation !== "CREATE" || attributes.subresource !== "token") return;
  const wish = attributes.object as unknown as TokenRequest;
  const ref = wish.spec?.boundObjectRef;
  if (ref?.apiVersion !== "v1" || ref.kind !== "Pod" || !ref.name) throw refusal(attributes, "node requested token not bound to a pod");
  if (!ref.uid) throw refusal(attributes, "node requested token with a pod binding without a uid");
  const pod = await storedPod(deps, attributes, ref.name);
  if (ref.uid !== pod.metadata?.uid) {
    const why = `the UID in the bound object reference (${ref.uid}) does not match the UID in record. The object might have been deleted and then recreated`;
    throw refusal(attributes, why);
  }
  if (pod.spec?.nodeName !== node) throw refusal(attributes, "node requested token bound to a pod scheduled on a different node");
  if (!features.enabled("ServiceAccountNodeAudienceRestriction")) return;
  const why = await mayRequestAudience(deps, attributes, wish.spec?.audiences ?? [], pod);
  if (why !== undefined) throw refusal(attributes, why);
}

function checkLease(_deps: ResourceDeps, node: string, attributes: AdmissionAttributes): void {
  if (attributes.namespace !== "kube-node-lease")
    throw refusal(attributes, 'can only access leases in the "kube-node-lease" system namespace');
  if (ownName(attributes) !== node) throw refusal(attributes, "can only access node lease with the same name as the requesting node");
}

function checkCsiNode(_deps: ResourceDeps, node: string, attributes: AdmissionAttributes): void {
  if (ownName(attributes) !== node) throw refusal(attributes, "can only access CSINode with the same name as the requesting node");
}

function ownName(attributes: AdmissionAttributes): string {
  return attributes.operation === "CREATE" ? (attributes.object?.metadata?.name ?? "") : attributes.name;
}

function checkResourceSlice(_deps: ResourceDeps, node: string, attributes: AdmissionAttributes): void {
  const { operation } = attributes;
  if (operation !== "CREATE" && operation !== "DELETE") return;
  const slice = (operation === "CREATE" ? attributes.object : attributes.oldObject) as unknown as ResourceSlice | undefined;
  if (slice?.spec?.nodeName !== node)
    throw refusal(attributes, `can only ${operation.toLowerCase()} ResourceSlice with the same NodeName as the requesting node`);
}

const kubeletSigners: ReadonlySet<string> = new Set(["kubernetes.io/kubelet-serving", "kubernetes.io/kube-apiserver-client-kubelet"]);

function checkSigningRequest(_deps: ResourceDeps, node: string, attributes: AdmissionAttributes, features: FeatureGates): void {
  if (attributes.operation !== "CREATE" || features.enabled("AllowInsecureKubeletCertificateSigningRequests")) return;
  const request = attributes.object as unknown as CertificateSigningRequest;
  if (!kubeletSigners.has(request.spec.signerName)) return;
  let commonName: string;
  try {
    commonName = parseCsr(Buffer.from(request.spec.request, "base64").toString("utf8")).commonName;
  } catch (error) {
    throw refusal(attributes, `unable to parse csr: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (commonName !== `system:node:${node}`) throw refusal(attributes, `can only create a node CSR with CN=system:node:${node}`);
}
