/** What is wrong with the status of a resource claim: who uses it, what it got, how that fares. */
import type { FieldError } from "../../schema/field-error.ts";
import { FieldPath, forbiddenField, invalidField, notSupported, required, tooLong, tooMany } from "../../schema/field-error.ts";
import type {
  AllocatedDeviceStatus,
  AllocationResult,
  DeviceRequestAllocationResult,
  NetworkDeviceData,
  ResourceClaim,
  ResourceClaimConsumerReference,
  ResourceClaimStatus,
} from "../../schema/types/resource-v1.ts";
import { interfaceAddressFault } from "../addresses.ts";
import { validateConditions } from "../conditions.ts";
import { validateConfiguration, validateOpaque } from "../devices/configuration.ts";
import { validateList, validatePoolName, validateSet, validateShareId } from "../devices/names.ts";
import { validateBindingConditions } from "../devices/taints.ts";
import { byteLength, validateDnsLabel } from "../formats.ts";
import { internalForm } from "../internal-form.ts";
import { validateImmutable } from "../object-meta.ts";
import { validateCsiDriverName } from "../pod/validation-disks.ts";
import { validateNodeSelector } from "../pod/validation-scheduling.ts";
import { configurationLimit, requestNames, validateRequestRef, validateRequestRefs, type RequestNames } from "./validation.ts";

const path = new FieldPath("status");
const consumerLimit = 256;
const resultLimit = 32;
const conditionLimit = 8;
const addressLimit = 16;

export function validateResourceClaimStatusUpdate(claim: ResourceClaim, old: ResourceClaim): FieldError[] {
  const errors: FieldError[] = [];
  const status = claim.status ?? {};
  const before = old.status ?? {};
  validateSet(status.reservedFor, consumerLimit, path.child("reservedFor"), errors, validateConsumer, (c) => c.uid ?? "");
  const allocated = new Set((status.allocation?.devices?.results ?? []).map((r) => JSON.stringify(deviceId(r))));
  validateSet(
    status.devices,
    Infinity,
    path.child("devices"),
    errors,
    (device, at) => validateDevice(device, allocated, at, errors),
    deviceId,
  );
  validateReservation(status, before, claim.metadata?.deletionTimestamp !== undefined, errors);
  const at = path.child("allocation");
  if (status.allocation && before.allocation) {
    const shown = internalForm("*AllocationResult", status.allocation);
    validateImmutable(status.allocation, before.allocation, at, errors, shown);
  } else if (status.allocation) validateAllocation(status.allocation, requestNames(claim.spec?.devices), at, errors);
  return errors;
}

interface AllocatedDevice {
  readonly driver?: string | undefined;
  readonly pool?: string | undefined;
  readonly device?: string | undefined;
  readonly shareID?: string | undefined;
}

/** What tells one allocated device from another, as upstream shows it. */
function deviceId({ driver = "", pool = "", device = "", shareID = "" }: AllocatedDevice): object {
  return { Driver: driver, Pool: pool, Device: device, ShareID: shareID };
}

function validateConsumer(consumer: ResourceClaimConsumerReference, at: FieldPath, errors: FieldError[]): void {
  for (const field of ["resource", "name", "uid"] as const) if (!consumer[field]) errors.push(required(at.child(field)));
}

function validateReservation(status: ResourceClaimStatus, before: ResourceClaimStatus, deleted: boolean, errors: FieldError[]): void {
  const consumers = status.reservedFor ?? [];
  if (consumers.length === 0) return;
  const at = path.child("reservedFor");
  if (!status.allocation) errors.push(forbiddenField(at, "may not be specified when `allocated` is not set"));
  else if (deleted) {
    const old = new Set((before.reservedFor ?? []).map((c) => JSON.stringify([c.apiGroup, c.resource, c.name, c.uid])));
    if (consumers.some((c) => !old.has(JSON.stringify([c.apiGroup, c.resource, c.name, c.uid])))) {
      const why = "new entries may not be added while `deallocationRequested` or `deletionTimestamp` are set";
      errors.push(forbiddenField(at, why));
    }
  }
}

function validateAllocation(allocation: AllocationResult, names: RequestNames, at: FieldPath, errors: FieldError[]): void {
  const devices = at.child("devices");
  validateList(allocation.devices?.results, resultLimit, devices.child("results"), errors, (r, i) => validateResult(r, names, i, errors));
  // Of the class and of the claim.
  validateList(allocation.devices?.config, 2 * configurationLimit, devices.child("config"), errors, (config, i) => {
    if (!config.source) errors.push(required(i.child("source")));
    else if (config.source !== "FromClaim" && config.source !== "FromClass") {
      errors.push(notSupported(i.child("source"), config.source, ["FromClaim", "FromClass"]));
    }
    validateRequestRefs(config.requests, names, i.child("requests"), errors);
    validateConfiguration(config, false, i, errors);
  });
  if (allocation.nodeSelector) validateNodeSelector(allocation.nodeSelector, false, at.child("nodeSelector"), errors);
}

function validateResult(result: DeviceRequestAllocationResult, names: RequestNames, at: FieldPath, errors: FieldError[]): void {
  validateRequestRef(result.request ?? "", names, at.child("request"), errors);
  validateCsiDriverName(result.driver, at.child("driver"), errors);
  validatePoolName(result.pool, at.child("pool"), errors);
  validateDnsLabel(result.device ?? "", at.child("device"), errors);
  validateBindingConditions(result, at, errors);
  if (result.shareID !== undefined) validateShareId(result.shareID, at.child("shareID"), errors);
}

function validateDevice(device: AllocatedDeviceStatus, allocated: ReadonlySet<string>, at: FieldPath, errors: FieldError[]): void {
  validateCsiDriverName(device.driver, at.child("driver"), errors);
  validatePoolName(device.pool, at.child("pool"), errors);
  validateDnsLabel(device.device ?? "", at.child("device"), errors);
  if (device.shareID !== undefined) validateShareId(device.shareID, at.child("shareID"), errors);
  const id = deviceId(device);
  if (!allocated.has(JSON.stringify(id))) errors.push(invalidField(at, id, "must be an allocated device in the claim"));
  const conditions = device.conditions ?? [];
  if (conditions.length > conditionLimit) errors.push(tooMany(at.child("conditions"), conditions.length, conditionLimit));
  validateConditions(conditions, at.child("conditions"), errors);
  if (device.data !== undefined) validateOpaque(device.data, false, at.child("data"), errors);
  if (device.networkData) validateNetworkData(device.networkData, at.child("networkData"), errors);
}

function validateNetworkData(data: NetworkDeviceData, at: FieldPath, errors: FieldError[]): void {
  if (byteLength(data.interfaceName ?? "") > 256) errors.push(tooLong(at.child("interfaceName"), 256));
  if (byteLength(data.hardwareAddress ?? "") > 128) errors.push(tooLong(at.child("hardwareAddress"), 128));
  const validateAddress = (address: string, here: FieldPath): void => {
    const fault = interfaceAddressFault(address);
    if (fault !== undefined) errors.push(invalidField(here, address, fault));
  };
  validateSet(data.ips, addressLimit, at.child("ips"), errors, validateAddress, (address) => address);
}
