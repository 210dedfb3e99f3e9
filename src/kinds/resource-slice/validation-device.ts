/** What is wrong with one device of a slice. */
import type { FieldError, FieldPath } from "../../schema/field-error.ts";
import { forbiddenField, invalidField, required, tooLong } from "../../schema/field-error.ts";
import type { Device, DeviceAttribute, DeviceCapacity, DeviceCounterConsumption } from "../../schema/types/resource-v1.ts";
import { attributeKeyLength, validateAttributeName, validateList, validateMap, validateSet } from "../devices/names.ts";
import { validateBindingConditions, validateDeviceTaint } from "../devices/taints.ts";
import { byteLength, invalidEach, nameIsDnsSubdomain, validateDnsLabel } from "../formats.ts";
import { internalForm } from "../internal-form.ts";
import { validateNodeSelector } from "../pod/validation-scheduling.ts";
import { semanticEqual } from "../semantic-equal.ts";
import { validateRequestPolicy } from "./validation-capacity.ts";
import { validateCounters } from "./validation-counters.ts";

const attributeLimit = 32;
const attributeValueLimit = 48;
const taintLimit = 16;
const consumptionLimit = 2;
const counterLimit = 32;
/** Of an attribute's text, in bytes. */
const valueLimit = 64;

/** `old`: the device of the same name that was there. `placed`: the slice leaves it to devices where they can be used from. */
export function validateDevice(device: Device, old: Device | undefined, placed: boolean, at: FieldPath, errors: FieldError[]): void {
  validateDnsLabel(device.name ?? "", at.child("name"), errors);
  validateSizes(device, at, errors);
  const keys = { max: Infinity, cut: attributeKeyLength };
  validateMap(device.attributes, keys, at.child("attributes"), errors, validateAttributeName, validateAttribute);
  const shared = device.allowMultipleAllocations === true;
  const validateCapacity = (capacity: DeviceCapacity, here: FieldPath): void => {
    if (!capacity.requestPolicy) return;
    const policy = here.child("requestPolicy");
    if (shared) validateRequestPolicy(capacity.value ?? "0", capacity.requestPolicy, policy, errors);
    else errors.push(forbiddenField(policy, "allowMultipleAllocations must be true"));
  };
  validateMap(device.capacity, keys, at.child("capacity"), errors, validateAttributeName, validateCapacity);
  if (!old || !semanticEqual(old.taints, device.taints)) {
    validateList(device.taints, taintLimit, at.child("taints"), errors, validateDeviceTaint);
  }
  const consumed = at.child("consumesCounters");
  validateSet(device.consumesCounters, consumptionLimit, consumed, errors, validateConsumption, (c) => c.counterSet ?? "");
  validatePlace(device, placed, at, errors);
  validateBindingConditions(device, at, errors);
}

function validateSizes(device: Device, at: FieldPath, errors: FieldError[]): void {
  const count = Object.keys(device.attributes ?? {}).length + Object.keys(device.capacity ?? {}).length;
  if (count > attributeLimit) {
    errors.push(invalidField(at, count, `the total number of attributes and capacities must not exceed ${attributeLimit}`));
  }
  const values = Object.keys(device.attributes ?? {}).length;
  if (values > attributeValueLimit) {
    errors.push(invalidField(at, values, `the total number of attribute values must not exceed ${attributeValueLimit}`));
  }
}

const number = "(0|[1-9]\\d*)";
const preRelease = "(0|[1-9]\\d*|\\d*[a-zA-Z-][0-9a-zA-Z-]*)";
const build = "[0-9a-zA-Z-]+";
const semver = new RegExp(`^${number}\\.${number}\\.${number}(-${preRelease}(\\.${preRelease})*)?(\\+${build}(\\.${build})*)?$`);

function validateAttribute(attribute: DeviceAttribute, at: FieldPath, errors: FieldError[]): void {
  const { string: text, version } = attribute;
  if (text !== undefined && byteLength(text) > valueLimit) errors.push(tooLong(at.child("string"), valueLimit));
  if (version !== undefined) {
    const here = at.child("version");
    if (!semver.test(version)) errors.push(invalidField(here, version, "must be a string compatible with semver.org spec 2.0.0"));
    if (byteLength(version) > valueLimit) errors.push(tooLong(here, valueLimit));
  }
  const count = (["bool", "int", "string", "version"] as const).filter((field) => attribute[field] !== undefined).length;
  if (count === 1) return;
  errors.push(invalidField(at, count === 0 ? "" : internalForm("DeviceAttribute", attribute), "exactly one value must be specified"));
}

function validateConsumption(consumption: DeviceCounterConsumption, at: FieldPath, errors: FieldError[]): void {
  if (!consumption.counterSet) errors.push(required(at.child("counterSet")));
  else validateDnsLabel(consumption.counterSet, at.child("counterSet"), errors);
  validateCounters(consumption.counters, counterLimit, at.child("counters"), errors);
}

function validatePlace(device: Device, placed: boolean, at: FieldPath, errors: FieldError[]): void {
  const { nodeName, nodeSelector, allNodes } = device;
  if (!placed) {
    if (nodeName === undefined && !nodeSelector && allNodes === undefined) return;
    const fields = "`nodeName`, `nodeSelector` and `allNodes`";
    errors.push(invalidField(at, null, `${fields} can only be set if \`perDeviceNodeSelection\` is set to true in the ResourceSlice spec`));
    return;
  }
  const set: string[] = [];
  if (nodeName === "") errors.push(invalidField(at.child("nodeName"), "", "must not be empty"));
  else if (nodeName !== undefined) {
    set.push("`nodeName`");
    invalidEach(nameIsDnsSubdomain(nodeName, false), at.child("nodeName"), nodeName, errors);
  }
  if (nodeSelector) {
    set.push("`nodeSelector`");
    validateNodeSelector(nodeSelector, false, at.child("nodeSelector"), errors);
  }
  if (allNodes === true) set.push("`allNodes`");
  else if (allNodes === false) errors.push(invalidField(at.child("allNodes"), false, "must be either unset or set to true"));
  const one =
    "exactly one of `nodeName`, `nodeSelector`, or `allNodes` is required when `perDeviceNodeSelection` is set to true in the ResourceSlice spec";
  if (set.length === 0) errors.push(required(at, one));
  if (set.length > 1) errors.push(invalidField(at, `{${set.join(", ")}}`, one));
}
