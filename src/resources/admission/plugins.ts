/**
 * Every admission plugin of v1.36, in upstream's order (`pkg/kubeapiserver/options/plugins.go`). The order matters: mutating plugins
 * see what those before them wrote, and quota is counted last, when nothing can refuse any more.
 */
import type { AdmissionPlugin } from "../../apiserver/admission.ts";
import type { FeatureGates } from "../../core/feature-gates.ts";
import type { MetricsRegistry } from "../../core/metrics.ts";
import type { ResourceDeps } from "../deps.ts";
import { alwaysAdmit, alwaysDeny } from "./always.ts";
import { alwaysPullImages } from "./always-pull-images.ts";
import { certificateApproval, certificateSigning, certificateSubjectRestriction, clusterTrustBundleAttest } from "./certificates.ts";
import type { PluginConfigurations } from "./configuration/admission-configuration.ts";
import { parseEventRateLimitConfiguration } from "./configuration/event-rate-limit-configuration.ts";
import { parseImagePolicyConfiguration } from "./configuration/image-policy-configuration.ts";
import { parsePodNodeSelectorConfiguration } from "./configuration/pod-node-selector-configuration.ts";
import { parsePodSecurityConfiguration } from "./configuration/pod-security-configuration.ts";
import { parsePodTolerationConfiguration } from "./configuration/pod-toleration-configuration.ts";
import { parseResourceQuotaConfiguration } from "./configuration/resource-quota-configuration.ts";
import { defaultIngressClass } from "./default-ingress-class.ts";
import { denyServiceExternalIPs } from "./deny-service-external-ips.ts";
import { eventRateLimit } from "./event-rate-limit.ts";
import { imagePolicyWebhook } from "./image-policy-webhook.ts";
import { limitRanger } from "./limit-ranger.ts";
import { namespaceLifecycle } from "./namespace-lifecycle.ts";
import { namespaceAutoProvision, namespaceExists } from "./namespaces.ts";
import { nodeDeclaredFeatureValidator } from "./node-declared-features.ts";
import { nodeRestriction } from "./node-restriction.ts";
import { ownerReferencesPermissionEnforcement } from "./owner-references.ts";
import { jobValidation, podGroupProtection, podGroupWorkloadExists } from "./pod-groups.ts";
import { podNodeSelector } from "./pod-node-selector.ts";
import { podResizeValidator } from "./pod-resize.ts";
import { podSecurity } from "./pod-security.ts";
import { extendedResourceToleration, limitPodHardAntiAffinityTopology } from "./pod-spread.ts";
import { podTolerationRestriction } from "./pod-toleration-restriction.ts";
import { podTopologyLabels } from "./pod-topology-labels.ts";
import { priority } from "./priority.ts";
import { resourceQuota } from "./resource-quota.ts";
import { runtimeClass } from "./runtime-class.ts";
import { serviceAccount } from "./service-account.ts";
import { defaultStorageClass, persistentVolumeClaimResize, storageObjectInUseProtection } from "./storage.ts";
import { defaultTolerationSeconds, taintNodesByCondition } from "./tolerations.ts";

/** What a plugin is made of. */
export interface PluginContext {
  readonly deps: ResourceDeps;
  readonly metrics: MetricsRegistry;
  readonly features: FeatureGates;
  /** The text of a plugin's configuration, from `--admission-control-config-file`. */
  readonly configuration: PluginConfigurations;
  /** Seconds that pods stay on nodes that are not ready, and that cannot be reached. */
  readonly tolerationSeconds: { readonly notReady: number; readonly unreachable: number };
  /** Plugins that are made elsewhere: webhooks and policies, by name. */
  readonly generic: Readonly<Record<string, AdmissionPlugin>>;
}

export interface PluginRow {
  readonly name: string;
  readonly onByDefault: boolean;
  /** Undefined: a feature that it is for is off. Throws a ConfigurationError for what it cannot read. */
  make(context: PluginContext): AdmissionPlugin | undefined;
}

const on = (name: string, make: PluginRow["make"]): PluginRow => ({ name, onByDefault: true, make });
const off = (name: string, make: PluginRow["make"]): PluginRow => ({ name, onByDefault: false, make });
const generic = (name: string): PluginRow => on(name, (c) => c.generic[name]);

const when =
  (feature: string, make: PluginRow["make"]): PluginRow["make"] =>
  (context) =>
    context.features.enabled(feature) ? make(context) : undefined;

export const admissionPlugins: readonly PluginRow[] = [
  off("AlwaysAdmit", () => alwaysAdmit()),
  off("NamespaceAutoProvision", (c) => namespaceAutoProvision(c.deps)),
  on("NamespaceLifecycle", (c) => namespaceLifecycle(c.deps)),
  off("NamespaceExists", (c) => namespaceExists(c.deps)),
  off("LimitPodHardAntiAffinityTopology", () => limitPodHardAntiAffinityTopology()),
  on("LimitRanger", (c) => limitRanger(c.deps)),
  on("ServiceAccount", (c) => serviceAccount(c.deps)),
  off("NodeRestriction", (c) => nodeRestriction(c.deps, c.features)),
  on("TaintNodesByCondition", () => taintNodesByCondition()),
  off("AlwaysPullImages", () => alwaysPullImages()),
  off("ImagePolicyWebhook", (c) => imagePolicyWebhook(c.deps, parseImagePolicyConfiguration(c.configuration("ImagePolicyWebhook")))),
  on("PodSecurity", (c) => podSecurity(c.deps, parsePodSecurityConfiguration(c.configuration("PodSecurity")), c.metrics)),
  off("PodNodeSelector", (c) => podNodeSelector(c.deps, parsePodNodeSelectorConfiguration(c.configuration("PodNodeSelector")))),
  on("Priority", (c) => priority(c.deps, c.features.enabled("WorkloadAwarePreemption"))),
  on("DefaultTolerationSeconds", (c) => defaultTolerationSeconds(c.tolerationSeconds)),
  off("PodTolerationRestriction", (c) =>
    podTolerationRestriction(c.deps, parsePodTolerationConfiguration(c.configuration("PodTolerationRestriction"))),
  ),
  off("EventRateLimit", (c) => eventRateLimit(c.deps.clock, parseEventRateLimitConfiguration(c.configuration("EventRateLimit")))),
  off("ExtendedResourceToleration", () => extendedResourceToleration()),
  on("DefaultStorageClass", (c) => defaultStorageClass(c.deps)),
  on("StorageObjectInUseProtection", () => storageObjectInUseProtection()),
  on(
    "PodGroupProtection",
    when("GenericWorkload", () => podGroupProtection()),
  ),
  off("OwnerReferencesPermissionEnforcement", (c) => ownerReferencesPermissionEnforcement(c.deps)),
  on("PersistentVolumeClaimResize", (c) => persistentVolumeClaimResize(c.deps)),
  on("RuntimeClass", (c) => runtimeClass(c.deps)),
  on("CertificateApproval", (c) => certificateApproval(c.deps)),
  on("CertificateSigning", (c) => certificateSigning(c.deps)),
  on(
    "ClusterTrustBundleAttest",
    when("ClusterTrustBundle", (c) => clusterTrustBundleAttest(c.deps)),
  ),
  on("CertificateSubjectRestriction", () => certificateSubjectRestriction()),
  on("DefaultIngressClass", (c) => defaultIngressClass(c.deps)),
  off("DenyServiceExternalIPs", () => denyServiceExternalIPs()),
  on(
    "PodTopologyLabels",
    when("PodTopologyLabelsAdmission", (c) => podTopologyLabels(c.deps)),
  ),
  on(
    "PodGroupWorkloadExists",
    when("GenericWorkload", (c) => podGroupWorkloadExists(c.deps)),
  ),
  on(
    "NodeDeclaredFeatureValidator",
    when("NodeDeclaredFeatures", (c) => nodeDeclaredFeatureValidator(c.deps)),
  ),
  on(
    "JobValidation",
    when("GenericWorkload", (c) => jobValidation(c.deps)),
  ),
  on(
    "PodResizeValidator",
    when("InPlacePodVerticalScaling", (c) => podResizeValidator(c.deps)),
  ),
  generic("MutatingAdmissionPolicy"),
  generic("MutatingAdmissionWebhook"),
  generic("ValidatingAdmissionPolicy"),
  generic("ValidatingAdmissionWebhook"),
  on("ResourceQuota", (c) => resourceQuota(c.deps, parseResourceQuotaConfiguration(c.configuration("ResourceQuota")))),
  off("AlwaysDeny", () => alwaysDeny()),
];
