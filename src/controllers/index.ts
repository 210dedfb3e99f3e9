/**
 * The controllers that keep built-in kinds true, in the order in which they start. They depend on nothing but the API
 * server, so the order decides only whose first work comes first: what every pod needs (service account, root certificate,
 * node range) before what makes pods.
 */
import type { Controller } from "../operator/controller.ts";
import { bootstrapSignerController } from "./bootstrap-signer/index.ts";
import { certificateApprovingController } from "./certificates-approving/index.ts";
import { certificateCleanerController } from "./certificates-cleaner/index.ts";
import { certificateSigningController, type CertificateSigningOptions } from "./certificates-signing/index.ts";
import { clusterRoleAggregationController } from "./clusterrole-aggregation/index.ts";
import { clusterTrustBundlePublisherController } from "./clustertrustbundle-publisher/index.ts";
import { deploymentController } from "./deployment/index.ts";
import { endpointsController } from "./endpoints/index.ts";
import { endpointSliceMirroringController } from "./endpointslice-mirroring/index.ts";
import { endpointSliceController, type EndpointSliceOptions } from "./endpointslice/index.ts";
import { garbageCollectorController } from "./garbage-collector/index.ts";
import { legacyTokenCleanerController } from "./legacy-serviceaccount-token-cleaner/index.ts";
import { namespaceController, type NamespaceOptions } from "./namespace/index.ts";
import { nodeIpamController, type NodeIpamOptions } from "./node-ipam/index.ts";
import { nodeLifecycleController, type NodeLifecycleOptions } from "./node-lifecycle/index.ts";
import { podCertificateRequestCleanerController } from "./podcertificaterequest-cleaner/index.ts";
import { podGcController, type PodGcOptions } from "./podgc/index.ts";
import { pvProtectionController } from "./pv-protection/index.ts";
import { pvcProtectionController } from "./pvc-protection/index.ts";
import { replicaSetController } from "./replicaset/index.ts";
import { replicationControllerController } from "./replicationcontroller/index.ts";
import { resourceQuotaController, type ResourceQuotaOptions } from "./resource-quota/index.ts";
import { rootCaController } from "./root-ca/index.ts";
import { serviceAccountController } from "./serviceaccount/index.ts";
import { serviceAccountTokenController, type ServiceAccountTokenOptions } from "./serviceaccount-token/index.ts";
import { taintEvictionController } from "./taint-eviction/index.ts";
import { tokenCleanerController } from "./token-cleaner/index.ts";
import { vacProtectionController } from "./vac-protection/index.ts";
import { validatingAdmissionPolicyStatusController } from "./validating-admission-policy-status/index.ts";

export interface BuiltinControllerOptions {
  /** PEM certificates by which pods verify the API server; nothing is published when absent. */
  readonly rootCertificates?: string;
  /** Pod ranges for nodes; none are handed out when absent. */
  readonly nodeIpam?: NodeIpamOptions;
  /** What signs certificates; none are signed when absent. */
  readonly signing?: CertificateSigningOptions;
  /** Who makes the everlasting tokens of secrets; none are made when absent. */
  readonly serviceAccountTokens?: ServiceAccountTokenOptions["issue"];
  /** PodCertificateRequests are served. */
  readonly podCertificateRequests?: boolean;
  /** ClusterTrustBundles are served. */
  readonly clusterTrustBundles?: boolean;
  /** Sign with bootstrap tokens and remove those that have ended: off by default, as upstream has it. */
  readonly bootstrapTokens?: boolean;
  readonly namespace?: NamespaceOptions;
  readonly nodeLifecycle?: NodeLifecycleOptions;
  readonly podGc?: PodGcOptions;
  readonly endpointSlice?: EndpointSliceOptions;
  readonly resourceQuota?: ResourceQuotaOptions;
}

export function builtinControllers(options: BuiltinControllerOptions = {}): Controller[] {
  const { rootCertificates, nodeIpam, serviceAccountTokens: issue } = options;
  return [
    ...(issue === undefined ? [] : [serviceAccountTokenController({ issue, rootCertificates })]),
    serviceAccountController(),
    ...(rootCertificates === undefined ? [] : [rootCaController({ certificates: rootCertificates })]),
    clusterRoleAggregationController(),
    validatingAdmissionPolicyStatusController(),
    ...(nodeIpam === undefined ? [] : [nodeIpamController(nodeIpam)]),
    nodeLifecycleController(options.nodeLifecycle),
    taintEvictionController(),
    deploymentController(),
    replicaSetController(),
    replicationControllerController(),
    endpointsController(),
    endpointSliceController(options.endpointSlice),
    endpointSliceMirroringController(),
    certificateApprovingController(),
    ...(options.signing === undefined ? [] : [certificateSigningController(options.signing)]),
    certificateCleanerController(),
    legacyTokenCleanerController(),
    ...(options.podCertificateRequests === true ? [podCertificateRequestCleanerController()] : []),
    ...(options.clusterTrustBundles === true && rootCertificates !== undefined
      ? [clusterTrustBundlePublisherController({ certificates: rootCertificates })]
      : []),
    ...(options.bootstrapTokens === true ? [bootstrapSignerController(), tokenCleanerController()] : []),
    podGcController(options.podGc),
    pvcProtectionController(),
    pvProtectionController(),
    vacProtectionController(),
    resourceQuotaController(options.resourceQuota),
    namespaceController(options.namespace),
    garbageCollectorController(),
  ];
}
