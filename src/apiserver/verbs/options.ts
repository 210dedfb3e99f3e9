/** The options of writes, from the query, with upstream's checks. */
import { badRequest } from "../../core/api-error.ts";
import { validateFieldManager } from "../../schema/apply/managed-fields.ts";
import { type FieldError, FieldPath, forbiddenField, invalid, notSupported, required } from "../../schema/field-error.ts";
import type { FieldValidation } from "../../schema/codec.ts";

export interface WriteOptions {
  readonly dryRun: boolean;
  readonly fieldManager: string;
  readonly fieldValidation: FieldValidation;
  /** Of an apply: take fields from other managers. */
  readonly force: boolean;
}

const defaults: WriteOptions = { dryRun: false, fieldManager: "", fieldValidation: "Warn", force: false };

/** `kind`: CreateOptions, UpdateOptions or PatchOptions; `applies`: an apply patch. Throws the 422 of that kind. */
export function parseWriteOptions(
  query: URLSearchParams,
  kind: "CreateOptions" | "UpdateOptions" | "PatchOptions",
  applies = false,
): WriteOptions {
  if (query.size === 0 && !applies) return defaults;
  const errors: FieldError[] = [];
  const fieldManager = query.get("fieldManager") ?? "";
  const force = kind === "PatchOptions" ? parseBoolean(query, "force") : undefined;
  if (applies && fieldManager === "") errors.push(required(new FieldPath("fieldManager"), "is required for apply patch"));
  if (!applies && force !== undefined) errors.push(forbiddenField(new FieldPath("force"), "may not be specified for non-apply patch"));
  errors.push(...validateFieldManager(fieldManager, new FieldPath("fieldManager")));
  const dryRun = checkDryRun(query.getAll("dryRun"), errors);
  const validation = query.get("fieldValidation") ?? "";
  if (validation !== "" && validation !== "Ignore" && validation !== "Warn" && validation !== "Strict") {
    errors.push(notSupported(new FieldPath("fieldValidation"), validation, ["", "Ignore", "Strict", "Warn"]));
  }
  if (errors.length > 0) throw invalid({ group: "meta.k8s.io", kind }, "", errors);
  return {
    dryRun,
    fieldManager,
    fieldValidation: validation === "" ? "Warn" : (validation as FieldValidation),
    force: force === true,
  };
}

export function checkDryRun(values: readonly string[], errors: FieldError[]): boolean {
  const given = values.filter((v) => v !== "");
  if (given.some((v) => v !== "All")) errors.push(notSupported(new FieldPath("dryRun"), values, ["All"]));
  return given.length > 0;
}

/** A boolean of a query as Go's conversion reads it: absent is undefined, empty and `false` and `0` are false. */
export function parseBoolean(query: URLSearchParams, name: string): boolean | undefined {
  const value = query.get(name);
  if (value === null) return undefined;
  return value !== "false" && value !== "0";
}

/** An integer of a query. Throws 400 as strconv words it. */
export function parseInteger(query: URLSearchParams, name: string): number | undefined {
  const value = query.get(name);
  if (value === null || value === "") return undefined;
  if (!/^[+-]?\d+$/.test(value)) throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(value)}: invalid syntax`);
  return Number(value);
}
