import type { FieldSource } from "./entry.ts";

/** A requirement that an index can answer: the object has one of these values. */
export interface IndexTerm {
  readonly kind: "label" | "field";
  readonly name: string;
  readonly values: readonly string[];
  /** Of fields: whose they are. */
  readonly source: FieldSource;
}
