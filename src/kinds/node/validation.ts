/** What is wrong with a node. */
import type { FieldError } from "../../schema/field-error.ts";
import { duplicate, FieldPath, forbiddenField, internalFieldError, invalidField, required } from "../../schema/field-error.ts";
import { labelValue } from "../../core/names.ts";
import type { ConfigMapNodeConfigSource, Node, NodeConfigSource, NodeSpec, NodeStatus, Taint } from "../../schema/types/core-v1.ts";
import { cidrWarnings, isIpv6Text, validateLegacyCidr, parseCidrSloppy } from "../addresses.ts";
import { byteLength, configMapKey, invalidEach, nameIsDnsLabel, nameIsDnsSubdomain, validatePositive } from "../formats.ts";
import { internalForm } from "../internal-form.ts";
import { validateLabelName, validateObjectMeta, validateObjectMetaUpdate } from "../object-meta.ts";
import { validateResourceQuantity } from "../pod/validation-resources.ts";
import { validateTaintEffect } from "../pod/validation-scheduling.ts";

const metadataPath = new FieldPath("metadata");
const specPath = new FieldPath("spec");
const statusPath = new FieldPath("status");
const noSpec: NodeSpec = Object.freeze({});
const noStatus: NodeStatus = Object.freeze({});

/** Errors of a node beyond its metadata. */
export function validateNode(node: Node): FieldError[] {
  const errors: FieldError[] = [];
  const spec = node.spec ?? noSpec;
  const status = node.status ?? noStatus;
  validateTaints(spec.taints ?? [], metadataPath.child("taints"), errors);
  validateAmounts(status, errors);
  const swap = status.nodeInfo?.swap?.capacity;
  if (swap !== undefined) validatePositive(swap, metadataPath.child("nodeSwapStatus", "capacity"), errors);
  validateFeatures(status.declaredFeatures ?? [], errors);
  const cidrs = spec.podCIDRs ?? [];
  cidrs.forEach((cidr, i) => validateLegacyCidr(cidr, specPath.child("podCIDRs").index(i), errors));
  if (cidrs.length > 1) validateCidrFamilies(cidrs, errors);
  return errors;
}

function validateAmounts(status: NodeStatus, errors: FieldError[]): void {
  for (const field of ["capacity", "allocatable"] as const) {
    const list = status[field];
    for (const name in list) validateResourceQuantity(name, list[name] as string, statusPath.child(field, name), errors);
  }
}

function validateCidrFamilies(cidrs: readonly string[], errors: FieldError[]): void {
  const at = specPath.child("podCIDRs");
  const bad = cidrs.findIndex((cidr) => !parseCidrSloppy(cidr));
  if (bad !== -1) {
    const reason = `invalid CIDR[${bad}]: <nil> (invalid CIDR address: ${cidrs[bad] ?? ""})`;
    errors.push(internalFieldError(at, `invalid PodCIDRs. failed to check with dual stack with error:${reason}`));
  }
  const families = new Set(cidrs.map((c) => isIpv6Text(c.split("/")[0] ?? "")));
  if (bad !== -1 || families.size !== 2 || cidrs.length > 2) {
    errors.push(invalidField(at, cidrs, "may specify no more than one CIDR for each IP family"));
  }
}

const featureRegex = /^[A-Z][a-zA-Z0-9]*(\/[a-zA-Z][a-zA-Z0-9]*)*$/;

function validateFeatures(features: readonly string[], errors: FieldError[]): void {
  const at = statusPath.child("declaredFeatures");
  features.forEach((feature, i) => {
    const name = JSON.stringify(feature);
    if (byteLength(feature) > 253) {
      errors.push(invalidField(at.index(i), feature, `invalid feature name ${name}: must be no more than 253 characters`));
    } else if (!featureRegex.test(feature)) {
      const detail = `invalid feature name ${name}: must start with an UpperCamelCase segment, with subsequent segments separated by '/' (e.g., MyFeature or MyFeature/mySubFeature), and contain only alphanumeric characters and slashes`;
      errors.push(invalidField(at.index(i), feature, detail));
    }
    const next = features[i + 1];
    if (next === undefined) return;
    if (feature === next) errors.push(duplicate(at.index(i + 1), next));
    else if (feature > next) errors.push(invalidField(at.index(i + 1), next, "list must be sorted alphabetically"));
  });
}

function validateTaints(taints: readonly Taint[], at: FieldPath, errors: FieldError[]): void {
  const seen = new Set<string>();
  taints.forEach((taint, i) => {
    const here = at.index(i);
    validateLabelName(taint.key ?? "", here.child("key"), errors);
    const messages = labelValue(taint.value ?? "");
    if (messages.length > 0) errors.push(invalidField(here.child("value"), taint.value ?? "", messages.join(";")));
    validateTaintEffect(taint.effect, here.child("effect"), errors);
    const key = `${taint.effect}/${taint.key}`;
    if (seen.has(key)) {
      const error = duplicate(here, internalForm("Taint", taint));
      errors.push({ ...error, body: `${error.body}: taints must be unique by key and effect pair` });
    }
    seen.add(key);
  });
}

/** Errors of a node as the successor of `old`: those of the node itself come first, metadata included. */
export function validateNodeUpdate(node: Node, old: Node): FieldError[] {
  return [
    ...validateObjectMeta(node.metadata, false, nameIsDnsSubdomain),
    ...validateNode(node),
    ...validateObjectMetaUpdate(node.metadata, old.metadata),
    ...validateNodeStatusUpdate(node, old),
  ];
}

/** What either write of a node may not do. */
export function validateNodeStatusUpdate(node: Node, old: Node): FieldError[] {
  const errors: FieldError[] = [];
  const spec = node.spec ?? noSpec;
  const before = old.spec ?? noSpec;
  const status = node.status ?? noStatus;
  validateAmounts(status, errors);
  validateFeatures(status.declaredFeatures ?? [], errors);
  const addresses = new Set<string>();
  status.addresses?.forEach((address, i) => {
    const key = `${address.type}/${address.address}`;
    if (addresses.has(key)) errors.push(duplicate(statusPath.child("addresses").index(i), internalForm("NodeAddress", address)));
    addresses.add(key);
  });
  validateCidrUpdate(spec.podCIDRs ?? [], before.podCIDRs ?? [], errors);
  if (before.providerID && before.providerID !== spec.providerID) {
    const detail = 'node updates may not change providerID except from "" to valid';
    errors.push(forbiddenField(specPath.child("providerID"), detail));
  }
  if (spec.configSource) validateConfigSource(spec.configSource, false, specPath.child("configSource"), errors);
  for (const field of ["assigned", "active", "lastKnownGood"] as const) {
    const source = status.config?.[field];
    if (source) validateConfigSource(source, true, statusPath.child("config", field), errors);
  }
  validateTaints(spec.taints ?? [], metadataPath.child("taints"), errors);
  if ((spec.externalID ?? "") !== (before.externalID ?? ""))
    errors.push(forbiddenField(specPath.child("externalID"), "may not be updated"));
  return errors;
}

function validateCidrUpdate(now: readonly string[], before: readonly string[], errors: FieldError[]): void {
  if (before.length === 0) return;
  const detail = 'node updates may not change podCIDR except from "" to valid';
  const changed = now.length !== before.length ? 1 : before.filter((cidr, i) => cidr !== now[i]).length;
  for (let i = 0; i < changed; i++) errors.push(forbiddenField(specPath.child("podCIDRs"), detail));
}

/** Dynamic kubelet configuration is gone; what says it is still checked. */
function validateConfigSource(source: NodeConfigSource, inStatus: boolean, at: FieldPath, errors: FieldError[]): void {
  const map = source.configMap;
  if (!map) {
    errors.push(invalidField(at, internalForm("NodeConfigSource", source), "exactly one reference subfield must be non-nil"));
    return;
  }
  const here = at.child("configMap");
  if (inStatus) {
    if (!map.uid) errors.push(required(here.child("uid")));
    if (!map.resourceVersion) errors.push(required(here.child("resourceVersion")));
  } else {
    if (map.uid) errors.push(forbiddenField(here.child("uid"), "uid must not be set in spec"));
    if (map.resourceVersion) errors.push(forbiddenField(here.child("resourceVersion"), "resourceVersion must not be set in spec"));
  }
  validateConfigMapSource(map, here, errors);
}

function validateConfigMapSource(map: ConfigMapNodeConfigSource, at: FieldPath, errors: FieldError[]): void {
  const check = (field: "namespace" | "name" | "kubeletConfigKey", messages: (value: string) => readonly string[]): void => {
    const value = map[field];
    if (!value) errors.push(required(at.child(field)));
    else invalidEach(messages(value), at.child(field), value, errors);
  };
  check("namespace", (v) => nameIsDnsLabel(v, false));
  check("name", (v) => nameIsDnsSubdomain(v, false));
  check("kubeletConfigKey", configMapKey);
}

export function nodeWarnings(node: Node): string[] {
  const warnings: string[] = [];
  const spec = node.spec ?? noSpec;
  if (spec.configSource) warnings.push("spec.configSource: the feature is removed");
  if (spec.externalID) warnings.push("spec.externalID: this field is deprecated, and is unused by Kubernetes");
  spec.podCIDRs?.forEach((cidr, i) => warnings.push(...cidrWarnings(cidr, specPath.child("podCIDRs").index(i))));
  return warnings;
}
