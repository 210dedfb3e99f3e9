/** What is wrong with a slice of a driver's devices. */
import type { FieldError } from "../../schema/field-error.ts";
import { FieldPath, invalidField, required } from "../../schema/field-error.ts";
import type { CounterSet, ResourceSlice, ResourceSliceSpec } from "../../schema/types/resource-v1.ts";
import { validatePoolName, validateSet } from "../devices/names.ts";
import { invalidEach, nameIsDnsSubdomain, validateDnsLabel } from "../formats.ts";
import { internalForm } from "../internal-form.ts";
import { validateImmutable } from "../object-meta.ts";
import { validateCsiDriverName } from "../pod/validation-disks.ts";
import { validateNodeSelector } from "../pod/validation-scheduling.ts";
import { validateCounters } from "./validation-counters.ts";
import { validateDevice } from "./validation-device.ts";

const path = new FieldPath("spec");
const deviceLimit = 128;
/** Where devices have taints or consume counters. */
const advancedDeviceLimit = 64;
const counterSetLimit = 8;
const counterLimit = 32;

/** Errors of a resource slice beyond its metadata; `old`: what it follows. */
export function validateResourceSlice(slice: ResourceSlice, old?: ResourceSlice): FieldError[] {
  const errors: FieldError[] = [];
  const spec: Partial<ResourceSliceSpec> = slice.spec ?? {};
  validateCsiDriverName(spec.driver, path.child("driver"), errors);
  validatePool(spec, errors);
  if (old) {
    const before: Partial<ResourceSliceSpec> = old.spec ?? {};
    validateImmutable(spec.pool?.name ?? "", before.pool?.name ?? "", path.child("pool", "name"), errors);
    validateImmutable(spec.driver ?? "", before.driver ?? "", path.child("driver"), errors);
    validateImmutable(spec.nodeName, before.nodeName, path.child("nodeName"), errors, spec.nodeName ?? null);
  }
  validateWhere(spec, errors);
  if (spec.sharedCounters && spec.devices) {
    errors.push(invalidField(path, "", "only one of `sharedCounters` or `devices` is allowed"));
  }
  const devices = spec.devices ?? [];
  const advanced = devices.some((d) => d.taints?.length || d.consumesCounters?.length);
  validateSet(
    devices,
    advanced ? advancedDeviceLimit : deviceLimit,
    path.child("devices"),
    errors,
    (device, at) => {
      const before = old?.spec?.devices?.find((d) => d.name === device.name);
      validateDevice(device, before, spec.perDeviceNodeSelection === true, at, errors);
    },
    (device) => device.name ?? "",
  );
  validateSet(spec.sharedCounters, counterSetLimit, path.child("sharedCounters"), errors, validateCounterSet, (s) => s.name ?? "");
  return errors;
}

function validatePool({ pool }: Partial<ResourceSliceSpec>, errors: FieldError[]): void {
  const at = path.child("pool");
  validatePoolName(pool?.name, at.child("name"), errors);
  const count = pool?.resourceSliceCount ?? 0;
  if (count <= 0) errors.push(invalidField(at.child("resourceSliceCount"), count, "must be greater than zero"));
  const generation = pool?.generation ?? 0;
  if (generation < 0) errors.push(invalidField(at.child("generation"), generation, "must be greater than or equal to zero"));
}

/** From which nodes the devices can be used is said in exactly one way. */
function validateWhere(spec: Partial<ResourceSliceSpec>, errors: FieldError[]): void {
  const set: string[] = [];
  const { nodeName, nodeSelector } = spec;
  if (nodeName === "") errors.push(invalidField(path.child("nodeName"), "", "must be either unset or set to a non-empty string"));
  else if (nodeName !== undefined) {
    set.push("`nodeName`");
    invalidEach(nameIsDnsSubdomain(nodeName, false), path.child("nodeName"), nodeName, errors);
  }
  if (nodeSelector) {
    set.push("`nodeSelector`");
    const at = path.child("nodeSelector");
    validateNodeSelector(nodeSelector, false, at, errors);
    const terms = nodeSelector.nodeSelectorTerms;
    if (terms?.length !== 1) {
      const shown = internalForm("[]NodeSelectorTerm", terms);
      errors.push(invalidField(at.child("nodeSelectorTerms"), shown, "must have exactly one node selector term"));
    }
  }
  for (const field of ["allNodes", "perDeviceNodeSelection"] as const) {
    if (spec[field] === true) set.push(`\`${field}\``);
    else if (spec[field] === false) errors.push(invalidField(path.child(field), false, "must be either unset or set to true"));
  }
  const one = "exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required";
  if (set.length === 0) errors.push(required(path, one));
  if (set.length > 1) errors.push(invalidField(path, `{${set.join(", ")}}`, `${one}, but multiple fields are set`));
}

function validateCounterSet(set: CounterSet, at: FieldPath, errors: FieldError[]): void {
  if (!set.name) errors.push(required(at.child("name")));
  else validateDnsLabel(set.name, at.child("name"), errors);
  validateCounters(set.counters, counterLimit, at.child("counters"), errors);
}
