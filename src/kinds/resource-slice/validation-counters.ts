/** What devices share and consume. */
import type { FieldError, FieldPath } from "../../schema/field-error.ts";
import { required } from "../../schema/field-error.ts";
import { validateMap } from "../devices/names.ts";
import { validateDnsLabel } from "../formats.ts";

/** Any quantity will do as a counter. */
export function validateCounters(
  counters: Readonly<Record<string, unknown>> | undefined,
  max: number,
  at: FieldPath,
  errors: FieldError[],
): void {
  if (Object.keys(counters ?? {}).length === 0) errors.push(required(at));
  else validateMap(counters, { max, cut: 63 }, at, errors, validateDnsLabel, () => undefined);
}
