/** Templates between a deployment and its sets. */
import type { Deployment, ReplicaSet } from "../../schema/types/apps-v1.ts";
import { deployments } from "../../schema/types/apps-v1.ts";
import { controllerRef } from "../ownership.ts";
import { hashLabel, rollbackAnnotation } from "./annotations.ts";
import { templateHash } from "./template-hash.ts";

/** Names of sets are DNS subdomains. */
const longestName = 253;

/** The set of the present template, with no replicas yet. */
export function newSet(deployment: Deployment): ReplicaSet {
  const template = deployment.spec?.template;
  const hash = templateHash(template, deployment.status?.collisionCount);
  const labels = { ...template?.metadata?.labels, [hashLabel]: hash };
  const selector = deployment.spec?.selector ?? {};
  const { name = "", namespace } = deployment.metadata ?? {};
  const minReadySeconds = deployment.spec?.minReadySeconds ?? 0;
  return {
    apiVersion: "apps/v1",
    kind: "ReplicaSet",
    metadata: {
      name: `${name.slice(0, longestName - hash.length - 1)}-${hash}`,
      ...(namespace === undefined ? {} : { namespace }),
      labels,
      ownerReferences: [controllerRef(deployment, deployments)],
    },
    spec: {
      replicas: 0,
      ...(minReadySeconds === 0 ? {} : { minReadySeconds }),
      selector: { ...selector, matchLabels: { ...selector.matchLabels, [hashLabel]: hash } },
      template: { ...template, metadata: { ...template?.metadata, labels } },
    },
    status: { replicas: 0 },
  };
}

export function withoutRollback(deployment: Deployment): Deployment {
  const { [rollbackAnnotation]: _asked, ...annotations } = deployment.metadata?.annotations ?? {};
  return { ...deployment, metadata: { ...deployment.metadata, annotations } };
}

/** The deployment with the template of one of its sets. */
export function withTemplate(deployment: Deployment, set: ReplicaSet): Deployment {
  const { [hashLabel]: _hash, ...labels } = set.spec?.template?.metadata?.labels ?? {};
  const template = { ...set.spec?.template, metadata: { ...set.spec?.template?.metadata, labels } };
  return { ...deployment, spec: { ...deployment.spec, selector: deployment.spec?.selector ?? {}, template } };
}
