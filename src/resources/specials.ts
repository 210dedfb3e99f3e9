/** What each built-in resource is beyond its fields, by `group/resource`: one readable list. */
import { autoscalerFromV1, autoscalerToV1 } from "./autoscaling-conversion.ts";
import { certificateSigningRequests } from "./certificate-signing-requests.ts";
import { clusterTrustBundles } from "./cluster-trust-bundles.ts";
import { componentStatusHandler } from "./component-statuses.ts";
import { customResourceDefinitions } from "./custom-resource-definitions.ts";
import type { ResourceDeps } from "./deps.ts";
import { adminAccess, slicesInTime } from "./device-access.ts";
import { claimConversion, claimTemplateConversion, sliceConversion } from "./device-conversion.ts";
import { eventsCore, eventsNewer } from "./events.ts";
import { namespaces } from "./namespaces.ts";
import { bindingHandler } from "./pods/binding.ts";
import { evictionHandler } from "./pods/eviction.ts";
import { Kubelets } from "./nodes/kubelet.ts";
import { persistentVolumes } from "./persistent-volumes.ts";
import { connectHandler } from "./pods/connect.ts";
import { logHandler } from "./pods/log.ts";
import { nodeProxyHandler, podProxyHandler, serviceProxyHandler } from "./proxy/handlers.ts";
import { podStrategy } from "./pods/strategy.ts";
import { ServiceAllocators } from "./services/allocators.ts";
import { serviceStrategy } from "./services/strategy.ts";
import { bindingSpecial, roleSpecial } from "./rbac.ts";
import { bindingParams, policyParams } from "./policy-params.ts";
import { podCertificateRequests } from "./pod-certificate-requests.ts";
import { scaleSubresource } from "./scale.ts";
import type { Special, SubresourceMaker } from "./special.ts";

/** Built once a server. */
export function specials(deps: ResourceDeps): Record<string, Special> {
  const kubelets = new Kubelets(deps);
  const allocators = ServiceAllocators.of(deps);
  const scaled: Special = { subresources: { scale: scaleSubresource() } };
  return {
    "/bindings": { handler: bindingHandler(deps, true) },
    "/componentstatuses": { handler: componentStatusHandler(deps) },
    "/events": eventsCore(deps),
    "/namespaces": namespaces,
    "/nodes": { subresources: { proxy: answeredBy(nodeProxyHandler(deps, kubelets)) } },
    "/persistentvolumes": persistentVolumes,
    "/pods": {
      strategy: podStrategy,
      subresources: {
        binding: answeredBy(bindingHandler(deps, false)),
        attach: answeredBy(connectHandler(deps, kubelets, "attach")),
        eviction: answeredBy(evictionHandler(deps)),
        exec: answeredBy(connectHandler(deps, kubelets, "exec")),
        log: answeredBy(logHandler(deps, kubelets)),
        portforward: answeredBy(connectHandler(deps, kubelets, "portforward")),
        proxy: answeredBy(podProxyHandler(deps)),
      },
    },
    "/replicationcontrollers": { subresources: { scale: scaleSubresource({ plainSelector: true }) } },
    "/services": {
      strategy: (base) => serviceStrategy(base, allocators),
      subresources: { proxy: answeredBy(serviceProxyHandler(deps)) },
    },
    "admissionregistration.k8s.io/mutatingadmissionpolicies": policyParams(deps),
    "admissionregistration.k8s.io/mutatingadmissionpolicybindings": bindingParams(deps, "mutatingadmissionpolicies"),
    "admissionregistration.k8s.io/validatingadmissionpolicies": policyParams(deps),
    "admissionregistration.k8s.io/validatingadmissionpolicybindings": bindingParams(deps, "validatingadmissionpolicies"),
    "apiextensions.k8s.io/customresourcedefinitions": customResourceDefinitions,
    "apps/deployments": scaled,
    "apps/replicasets": scaled,
    "apps/statefulsets": scaled,
    "autoscaling/horizontalpodautoscalers": {
      conversions: { v1: { toStorage: autoscalerFromV1, fromStorage: autoscalerToV1 } },
    },
    "certificates.k8s.io/certificatesigningrequests": certificateSigningRequests,
    "certificates.k8s.io/clustertrustbundles": clusterTrustBundles,
    "certificates.k8s.io/podcertificaterequests": podCertificateRequests(deps),
    "events.k8s.io/events": eventsNewer(deps),
    "rbac.authorization.k8s.io/clusterrolebindings": bindingSpecial(deps, "clusterrolebindings"),
    "rbac.authorization.k8s.io/clusterroles": roleSpecial(deps, "clusterroles"),
    "rbac.authorization.k8s.io/rolebindings": bindingSpecial(deps, "rolebindings"),
    "rbac.authorization.k8s.io/roles": roleSpecial(deps, "roles"),
    "resource.k8s.io/resourceclaims": { ...adminAccess(deps, "ResourceClaim"), conversions: { v1beta1: claimConversion } },
    "resource.k8s.io/resourceclaimtemplates": {
      ...adminAccess(deps, "ResourceClaimTemplate"),
      conversions: { v1beta1: claimTemplateConversion },
    },
    "resource.k8s.io/resourceslices": { ...slicesInTime, conversions: { v1beta1: sliceConversion } },
  };
}

/** A subresource that one function answers. */
function answeredBy(handle: Extract<ReturnType<SubresourceMaker>, { type: "handler" }>["handle"]): SubresourceMaker {
  return (served) => ({ type: "handler", group: served.group, version: served.version, kind: served.kind, verbs: served.verbs, handle });
}
