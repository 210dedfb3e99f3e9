/**
 * The controllers that keep built-in kinds true, in the order in which they start. They depend on nothing but the API
 * server, so the order decides only whose first work comes first: what every pod needs (service account, root certificate,
 * node range) before what makes pods.
 */
import type { Controller } from "../operator/controller.ts";
import { clusterRoleAggregationController } from "./clusterrole-aggregation/index.ts";
import { deploymentController } from "./deployment/index.ts";
import { endpointsController } from "./endpoints/index.ts";
import { endpointSliceMirroringController } from "./endpointslice-mirroring/index.ts";
import { endpointSliceController, type EndpointSliceOptions } from "./endpointslice/index.ts";
import { garbageCollectorController } from "./garbage-collector/index.ts";
import { namespaceController, type NamespaceOptions } from "./namespace/index.ts";
import { nodeIpamController, type NodeIpamOptions } from "./node-ipam/index.ts";
import { nodeLifecycleController, type NodeLifecycleOptions } from "./node-lifecycle/index.ts";
import { podGcController, type PodGcOptions } from "./podgc/index.ts";
import { replicaSetController } from "./replicaset/index.ts";
import { replicationControllerController } from "./replicationcontroller/index.ts";
import { resourceQuotaController, type ResourceQuotaOptions } from "./resource-quota/index.ts";
import { rootCaController } from "./root-ca/index.ts";
import { serviceAccountController } from "./serviceaccount/index.ts";
import { taintEvictionController } from "./taint-eviction/index.ts";

export interface BuiltinControllerOptions {
  /** PEM certificates by which pods verify the API server; nothing is published when absent. */
  readonly rootCertificates?: string;
  /** Pod ranges for nodes; none are handed out when absent. */
  readonly nodeIpam?: NodeIpamOptions;
  readonly namespace?: NamespaceOptions;
  readonly nodeLifecycle?: NodeLifecycleOptions;
  readonly podGc?: PodGcOptions;
  readonly endpointSlice?: EndpointSliceOptions;
  readonly resourceQuota?: ResourceQuotaOptions;
}

export function builtinControllers(options: BuiltinControllerOptions = {}): Controller[] {
  const { rootCertificates, nodeIpam } = options;
  return [
    serviceAccountController(),
    ...(rootCertificates === undefined ? [] : [rootCaController({ certificates: rootCertificates })]),
    clusterRoleAggregationController(),
    ...(nodeIpam === undefined ? [] : [nodeIpamController(nodeIpam)]),
    nodeLifecycleController(options.nodeLifecycle),
    taintEvictionController(),
    deploymentController(),
    replicaSetController(),
    replicationControllerController(),
    endpointsController(),
    endpointSliceController(options.endpointSlice),
    endpointSliceMirroringController(),
    podGcController(options.podGc),
    resourceQuotaController(options.resourceQuota),
    namespaceController(options.namespace),
    garbageCollectorController(),
  ];
}
