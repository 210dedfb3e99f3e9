/** What claims and classes say to drivers, in a form that only drivers know. */
import type { FieldError, FieldPath } from "../../schema/field-error.ts";
import { invalidField, required, tooLong } from "../../schema/field-error.ts";
import type { OpaqueDeviceConfiguration } from "../../schema/types/resource-v1.ts";
import { byteLength } from "../formats.ts";
import { validateCsiDriverName } from "../pod/validation-disks.ts";

/** Of a configuration's parameters and of what a driver tells about a device, in bytes of JSON. */
export const opaqueLimit: number = 10 * 1024;

/** `stored`: it was there before, when parameters could be longer. */
export function validateConfiguration(
  config: { readonly opaque?: OpaqueDeviceConfiguration | undefined },
  stored: boolean,
  path: FieldPath,
  errors: FieldError[],
): void {
  const { opaque } = config;
  const at = path.child("opaque");
  if (!opaque) {
    errors.push(required(at));
    return;
  }
  validateCsiDriverName(opaque.driver, at.child("driver"), errors);
  validateOpaque(opaque.parameters, stored, at.child("parameters"), errors);
}

/** A JSON object of limited size. */
export function validateOpaque(value: unknown, stored: boolean, path: FieldPath, errors: FieldError[]): void {
  if (value === undefined || value === null) errors.push(required(path));
  else if (!stored && byteLength(JSON.stringify(value)) > opaqueLimit) errors.push(tooLong(path, opaqueLimit));
  else if (typeof value !== "object" || Array.isArray(value)) {
    errors.push(invalidField(path, "<value omitted>", "must be a valid JSON object"));
  }
}
