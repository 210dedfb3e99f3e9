/** Every built-in kind that is served by default, and some that are not, one line each. */
import type { UnstructuredObject } from "../schema/object.ts";
import type { Kind } from "./kind.ts";
import {
  selfSubjectReviewKind,
  tokenReviewKind,
  subjectAccessReviewKind,
  localSubjectAccessReviewKind,
  selfSubjectAccessReviewKind,
  selfSubjectRulesReviewKind,
} from "./access-review/index.ts";
import { apiServiceKind } from "./api-service/index.ts";
import { bindingKind } from "./binding/index.ts";
import { certificateSigningRequestKind } from "./certificate-signing-request/index.ts";
import { clusterRoleKind } from "./cluster-role/index.ts";
import { clusterRoleBindingKind } from "./cluster-role-binding/index.ts";
import { componentStatusKind } from "./component-status/index.ts";
import { configMapKind } from "./config-map/index.ts";
import { controllerRevisionKind } from "./controller-revision/index.ts";
import { cronJobKind } from "./cron-job/index.ts";
import { csiDriverKind } from "./csi-driver/index.ts";
import { csiNodeKind } from "./csi-node/index.ts";
import { csiStorageCapacityKind } from "./csi-storage-capacity/index.ts";
import { customResourceDefinitionKind } from "./custom-resource-definition/index.ts";
import { daemonSetKind } from "./daemon-set/index.ts";
import { deploymentKind } from "./deployment/index.ts";
import { deviceClassKind } from "./device-class/index.ts";
import { endpointSliceKind } from "./endpoint-slice/index.ts";
import { endpointsKind } from "./endpoints/index.ts";
import { coreEventKind, eventV1Kind } from "./event/index.ts";
import { flowSchemaKind } from "./flow-schema/index.ts";
import { horizontalPodAutoscalerKind, horizontalPodAutoscalerV1Kind } from "./horizontal-pod-autoscaler/index.ts";
import { ingressKind } from "./ingress/index.ts";
import { ingressClassKind } from "./ingress-class/index.ts";
import { ipAddressKind } from "./ip-address/index.ts";
import { jobKind } from "./job/index.ts";
import { leaseKind } from "./lease/index.ts";
import { limitRangeKind } from "./limit-range/index.ts";
import { mutatingAdmissionPolicyKind } from "./mutating-admission-policy/index.ts";
import { mutatingAdmissionPolicyBindingKind } from "./mutating-admission-policy-binding/index.ts";
import { mutatingWebhookConfigurationKind } from "./mutating-webhook-configuration/index.ts";
import { namespaceKind } from "./namespace/index.ts";
import { networkPolicyKind } from "./network-policy/index.ts";
import { nodeKind } from "./node/index.ts";
import { persistentVolumeKind } from "./persistent-volume/index.ts";
import { persistentVolumeClaimKind } from "./persistent-volume-claim/index.ts";
import { podKind } from "./pod/index.ts";
import { podDisruptionBudgetKind } from "./pod-disruption-budget/index.ts";
import { podGroupKind } from "./pod-group/index.ts";
import { podTemplateKind } from "./pod-template/index.ts";
import { priorityClassKind } from "./priority-class/index.ts";
import { priorityLevelConfigurationKind } from "./priority-level-configuration/index.ts";
import { replicaSetKind } from "./replica-set/index.ts";
import { replicationControllerKind } from "./replication-controller/index.ts";
import { resourceClaimKind } from "./resource-claim/index.ts";
import { resourceClaimTemplateKind } from "./resource-claim-template/index.ts";
import { resourceQuotaKind } from "./resource-quota/index.ts";
import { resourceSliceKind } from "./resource-slice/index.ts";
import { roleKind } from "./role/index.ts";
import { roleBindingKind } from "./role-binding/index.ts";
import { runtimeClassKind } from "./runtime-class/index.ts";
import { secretKind } from "./secret/index.ts";
import { serviceKind } from "./service/index.ts";
import { serviceAccountKind } from "./service-account/index.ts";
import { serviceCidrKind } from "./service-cidr/index.ts";
import { statefulSetKind } from "./stateful-set/index.ts";
import { storageClassKind } from "./storage-class/index.ts";
import { validatingAdmissionPolicyKind } from "./validating-admission-policy/index.ts";
import { validatingAdmissionPolicyBindingKind } from "./validating-admission-policy-binding/index.ts";
import { validatingWebhookConfigurationKind } from "./validating-webhook-configuration/index.ts";
import { volumeAttachmentKind } from "./volume-attachment/index.ts";
import { volumeAttributesClassKind } from "./volume-attributes-class/index.ts";
import { workloadKind } from "./workload/index.ts";

export const kinds: readonly Kind[] = [
  // core-v1
  bindingKind,
  componentStatusKind,
  configMapKind,
  endpointsKind,
  limitRangeKind,
  namespaceKind,
  nodeKind,
  persistentVolumeClaimKind,
  persistentVolumeKind,
  podKind,
  podTemplateKind,
  replicationControllerKind,
  resourceQuotaKind,
  secretKind,
  serviceAccountKind,
  serviceKind,
  coreEventKind,
  // admissionregistration-v1
  mutatingAdmissionPolicyKind,
  mutatingAdmissionPolicyBindingKind,
  mutatingWebhookConfigurationKind,
  validatingAdmissionPolicyKind,
  validatingAdmissionPolicyBindingKind,
  validatingWebhookConfigurationKind,
  // apiextensions-v1
  customResourceDefinitionKind,
  // apiregistration-v1
  apiServiceKind,
  // apps-v1
  controllerRevisionKind,
  daemonSetKind,
  deploymentKind,
  replicaSetKind,
  statefulSetKind,
  // authentication-v1
  selfSubjectReviewKind,
  tokenReviewKind,
  subjectAccessReviewKind,
  localSubjectAccessReviewKind,
  selfSubjectAccessReviewKind,
  selfSubjectRulesReviewKind,
  // autoscaling-v1
  horizontalPodAutoscalerV1Kind,
  // autoscaling-v2
  horizontalPodAutoscalerKind,
  // batch-v1
  cronJobKind,
  jobKind,
  // certificates-v1
  certificateSigningRequestKind,
  // coordination-v1
  leaseKind,
  // discovery-v1
  endpointSliceKind,
  // events-v1
  eventV1Kind,
  // flowcontrol-v1
  flowSchemaKind,
  priorityLevelConfigurationKind,
  // networking-v1
  ingressClassKind,
  ingressKind,
  ipAddressKind,
  networkPolicyKind,
  serviceCidrKind,
  // node-v1
  runtimeClassKind,
  // policy-v1
  podDisruptionBudgetKind,
  // rbac-v1
  clusterRoleBindingKind,
  roleBindingKind,
  clusterRoleKind,
  roleKind,
  // resource-v1
  deviceClassKind,
  resourceClaimKind,
  resourceClaimTemplateKind,
  resourceSliceKind,
  // scheduling-v1
  priorityClassKind,
  // scheduling-v1alpha2
  podGroupKind,
  workloadKind,
  // storage-v1
  csiDriverKind,
  csiNodeKind,
  csiStorageCapacityKind,
  storageClassKind,
  volumeAttachmentKind,
  volumeAttributesClassKind,
];

let byResource: ReadonlyMap<string, Kind> | undefined;

/** What a resource means at one version; undefined for a resource that is not built in. */
export function kindOf(ref: { group: string; version: string; resource: string }): Kind | undefined {
  byResource ??= new Map(kinds.map((k) => [`${k.ref.group}/${k.ref.version}/${k.ref.resource}`, k]));
  return byResource.get(`${ref.group}/${ref.version}/${ref.resource}`);
}

let byKind: ReadonlyMap<string, Kind> | undefined;

/** The same, asked of an object. */
export function kindOfObject(object: UnstructuredObject): Kind | undefined {
  byKind ??= new Map(kinds.map((k) => [`${k.ref.group === "" ? "" : `${k.ref.group}/`}${k.ref.version}/${k.ref.kind}`, k]));
  return byKind.get(`${object.apiVersion ?? ""}/${object.kind ?? ""}`);
}
