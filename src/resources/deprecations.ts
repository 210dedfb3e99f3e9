/** Served versions that upstream calls deprecated, with the warning each answer carries. */

interface Deprecation {
  readonly warning: string;
  /** The release that does not serve it any more, as metrics tell it. */
  readonly removedRelease: string;
}

/** Those that stay, though nobody should use them. */
const discouraged: Readonly<Record<string, string>> = {
  "/v1/componentstatuses": "v1 ComponentStatus is deprecated in v1.19+",
  "/v1/endpoints": "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice",
};

/** Releases: deprecated since, gone in. */
const leaving: Readonly<Record<string, readonly [since: string, gone: string]>> = {
  "admissionregistration.k8s.io/v1alpha1/mutatingadmissionpolicies": ["1.35", "1.38"],
  "admissionregistration.k8s.io/v1alpha1/mutatingadmissionpolicybindings": ["1.35", "1.38"],
  "certificates.k8s.io/v1alpha1/clustertrustbundles": ["1.34", "1.37"],
  "coordination.k8s.io/v1alpha2/leasecandidates": ["1.35", "1.38"],
  "coordination.k8s.io/v1beta1/leasecandidates": ["1.36", "1.39"],
  "networking.k8s.io/v1beta1/ipaddresses": ["1.34", "1.37"],
  "networking.k8s.io/v1beta1/servicecidrs": ["1.34", "1.37"],
  "resource.k8s.io/v1alpha3/devicetaintrules": ["1.36", "1.39"],
  "resource.k8s.io/v1beta1/deviceclasses": ["1.35", "1.38"],
  "resource.k8s.io/v1beta1/resourceclaims": ["1.35", "1.38"],
  "resource.k8s.io/v1beta1/resourceclaimtemplates": ["1.35", "1.38"],
  "resource.k8s.io/v1beta1/resourceslices": ["1.35", "1.38"],
  "resource.k8s.io/v1beta2/deviceclasses": ["1.36", "1.39"],
  "resource.k8s.io/v1beta2/resourceclaims": ["1.36", "1.39"],
  "resource.k8s.io/v1beta2/resourceclaimtemplates": ["1.36", "1.39"],
  "resource.k8s.io/v1beta2/resourceslices": ["1.36", "1.39"],
  "storage.k8s.io/v1beta1/volumeattributesclasses": ["1.34", "1.37"],
};

/** What to use instead, where upstream says it. */
const replacements: Readonly<Record<string, string>> = {
  "storage.k8s.io/v1beta1/volumeattributesclasses": "storage.k8s.io/v1 VolumeAttributesClass",
};

export function deprecationOf(group: string, version: string, resource: string, kind: string): Deprecation | undefined {
  const key = `${group}/${version}/${resource}`;
  const warning = discouraged[key];
  if (warning !== undefined) return { warning, removedRelease: "" };
  const releases = leaving[key];
  if (releases === undefined) return undefined;
  const [since, gone] = releases;
  const instead = replacements[key];
  const text = `${group}/${version} ${kind} is deprecated in v${since}+, unavailable in v${gone}+`;
  return { warning: instead === undefined ? text : `${text}; use ${instead}`, removedRelease: gone };
}
