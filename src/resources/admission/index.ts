/**
 * The admission chain. The order is upstream's, and it matters: mutating plugins see what those before them wrote, and quota is
 * counted last, when nothing can refuse any more.
 */
import type { AdmissionPlugin } from "../../apiserver/admission.ts";
import type { ResourceDeps } from "../deps.ts";
import { certificateApproval, certificateSigning, certificateSubjectRestriction } from "./certificates.ts";
import { defaultIngressClass } from "./default-ingress-class.ts";
import { limitRanger } from "./limit-ranger.ts";
import { namespaceLifecycle } from "./namespace-lifecycle.ts";
import { nodeRestriction } from "./node-restriction.ts";
import { podResizeValidator } from "./pod-resize.ts";
import { podTopologyLabels } from "./pod-topology-labels.ts";
import { priority } from "./priority.ts";
import { runtimeClass } from "./runtime-class.ts";
import { serviceAccount } from "./service-account.ts";
import { defaultStorageClass, persistentVolumeClaimResize, storageObjectInUseProtection } from "./storage.ts";
import { defaultTolerationSeconds, taintNodesByCondition } from "./tolerations.ts";

export function admissionChain(deps: ResourceDeps): AdmissionPlugin[] {
  return [
    namespaceLifecycle(deps),
    limitRanger(deps),
    serviceAccount(deps),
    nodeRestriction(deps),
    taintNodesByCondition(),
    priority(deps),
    defaultTolerationSeconds(),
    defaultStorageClass(deps),
    storageObjectInUseProtection(),
    persistentVolumeClaimResize(deps),
    runtimeClass(deps),
    certificateApproval(deps),
    certificateSigning(deps),
    certificateSubjectRestriction(),
    defaultIngressClass(deps),
    podTopologyLabels(deps),
    podResizeValidator(deps),
  ];
}
