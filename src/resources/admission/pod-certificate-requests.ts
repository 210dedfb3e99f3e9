/** What a kubelet may ask a certificate for: a pod that runs on its own node, as the account that the pod runs as (KEP-4317). */
import type { AdmissionAttributes } from "../../apiserver/admission.ts";
import { ApiError, qualified } from "../../core/api-error.ts";
import type { FeatureGates } from "../../core/feature-gates.ts";
import type { UnstructuredObject } from "../../schema/object.ts";
import type { PodCertificateRequest } from "../../schema/types/certificates-v1beta1.ts";
import type { Pod } from "../../schema/types/core-v1.ts";
import type { ResourceDeps } from "../deps.ts";
import { refusal } from "./forbidden.ts";
import { isMirrorPod } from "./pod-references.ts";

const quoted = (text: string): string => JSON.stringify(text);
/** No 403: a cache that is behind may be the cause, and kubelets try again. */
const mayPass = (why: string): ApiError => new ApiError(500, "", why);

/**
 * Whether the kubelet of `node` may create this PodCertificateRequest. Throws an ApiError: 403 where it may not, 500 where
 * the node, pod or account that it names is not there or has another UID: what is seen here may be late.
 */
export async function checkPodCertificateRequest(
  deps: ResourceDeps,
  node: string,
  attributes: AdmissionAttributes,
  features: FeatureGates,
): Promise<void> {
  if (!features.enabled("PodCertificateRequest")) throw refusal(attributes, "PodCertificateRequest feature gate is disabled");
  const { operation, subresource, namespace } = attributes;
  if (operation !== "CREATE") throw refusal(attributes, `unexpected operation ${operation}`);
  if (subresource !== "") throw refusal(attributes, `unexpected subresource ${subresource}`);
  const { spec } = attributes.object as unknown as PodCertificateRequest;
  if (spec.nodeName !== node)
    throw refusal(
      attributes,
      `PodCertificateRequest.Spec.NodeName=${quoted(spec.nodeName)}, which is not the requesting node ${quoted(node)}`,
    );
  const named = quoted(`${namespace}/${spec.podName}`);
  const about = `PodCertificateRequest for pod ${named}`;
  const get = async (resource: string, within: string, name: string, what: string): Promise<UnstructuredObject> => {
    const found = await deps.objects("", resource).get(within, name);
    if (found !== undefined) return found;
    const shown = quoted(within === "" ? name : `${within}/${name}`);
    const cause = `${qualified({ group: "", resource: resource.replace(/s$/, "") })} ${quoted(name)} not found`;
    throw mayPass(`while retrieving ${what} ${shown} named in the PodCertificateRequest: ${cause}`);
  };

  const running = await get("nodes", "", spec.nodeName, "node");
  const uid = running.metadata?.uid ?? "";
  if (uid !== spec.nodeUID)
    throw mayPass(`${about} names node UID ${quoted(spec.nodeUID)}, inconsistent with the running node (${quoted(uid)})`);

  const pod = (await get("pods", namespace, spec.podName, "pod")) as unknown as Pod;
  const podUid = pod.metadata?.uid ?? "";
  if (podUid !== spec.podUID)
    throw mayPass(`${about} contains pod UID (${quoted(spec.podUID)}) which differs from running pod ${quoted(podUid)}`);
  if (pod.spec?.nodeName !== spec.nodeName)
    throw refusal(attributes, `pod ${named} is not running on node ${quoted(spec.nodeName)} named in the PodCertificateRequest`);
  if (isMirrorPod(pod)) throw refusal(attributes, `pod ${named} is a mirror pod`);

  const account = pod.spec.serviceAccountName ?? "";
  if (account !== spec.serviceAccountName) {
    const given = quoted(spec.serviceAccountName);
    throw refusal(attributes, `${about} contains serviceAccountName (${given}) that differs from running pod (${quoted(account)})`);
  }
  const present = (await get("serviceaccounts", namespace, spec.serviceAccountName, "service account")).metadata?.uid ?? "";
  if (present !== spec.serviceAccountUID) {
    const given = quoted(spec.serviceAccountUID);
    throw mayPass(`${about} names service account UID ${given}, which differs from the running service account (${quoted(present)})`);
  }
}
