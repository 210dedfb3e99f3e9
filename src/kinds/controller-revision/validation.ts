import type { FieldError } from "../../schema/field-error.ts";
import { FieldPath, required } from "../../schema/field-error.ts";
import type { ControllerRevision } from "../../schema/types/apps-v1.ts";
import { nameIsDnsSubdomain, validateNonnegative } from "../formats.ts";
import { validateImmutable, validateObjectMeta } from "../object-meta.ts";

const dataPath = new FieldPath("data");

/** Errors of a revision beyond its metadata: it carries an object, whatever is in it. */
export function validateControllerRevision(revision: ControllerRevision): FieldError[] {
  const errors: FieldError[] = [];
  validateNonnegative(revision.revision, new FieldPath("revision"), errors);
  const data: unknown = revision.data;
  if (data === undefined || data === null) errors.push(required(dataPath, "data is mandatory"));
  else if (typeof data !== "object" || Array.isArray(data)) errors.push(required(dataPath, "data must be a valid JSON object"));
  return errors;
}

export function validateControllerRevisionUpdate(revision: ControllerRevision, old: ControllerRevision): FieldError[] {
  const errors = validateObjectMeta(revision.metadata, true, nameIsDnsSubdomain);
  validateNonnegative(revision.revision, new FieldPath("revision"), errors);
  validateImmutable(revision.data, old.data, dataPath, errors);
  return errors;
}
