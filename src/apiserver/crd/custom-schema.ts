/** What a version's schema does to objects. The engine behind it is `schema/structural`. */
import type { FieldError } from "../../schema/field-error.ts";
import type { FieldValidation } from "../../schema/codec.ts";
import type { UnstructuredObject } from "../../schema/object.ts";

export interface CustomSchema {
  /** There are `x-kubernetes-validations` somewhere in it. */
  readonly hasRules: boolean;
  /**
   * Takes away what the schema does not know, and nulls that a default replaces; brings metadata (of embedded objects too)
   * into Go's shape. Answers what it took away: `unknown field "spec.foo"`. Throws a 400 for metadata that cannot be read.
   */
  prune(object: UnstructuredObject, validation: FieldValidation): string[];
  /** Whether pruning and defaulting would leave the object as it is. */
  isShaped(object: UnstructuredObject): boolean;
  /** Fills in defaults, in place. */
  setDefaults(object: UnstructuredObject): void;
  validate(object: UnstructuredObject): FieldError[];
  /** Errors in parts that did not change are let through (KEP-4008). */
  validateUpdate(object: UnstructuredObject, old: UnstructuredObject): FieldError[];
  /** The same for the status subresource: only `status` is looked at. */
  validateStatusUpdate(object: UnstructuredObject, old: UnstructuredObject): FieldError[];
  /**
   * What the rules say; ask only where {@link hasRules}, and where the object has no errors that keep rules from being looked
   * at. With `old`, errors in parts that did not change go to `warn`.
   */
  validateRules(object: UnstructuredObject, old: UnstructuredObject | undefined, warn: (message: string) => void): FieldError[];
}
