/** Writes of kinds that make pods: their templates lose what pods lose. */
import type { PodTemplateSpec } from "../../schema/types/core-v1.ts";
import type { Kind } from "../kind.ts";
import { dropDisabledPodFields } from "./disabled-fields.ts";

type Hooks<T extends object> = Pick<Kind<T>, "prepareForCreate" | "prepareForUpdate" | "prepareForStatusUpdate" | "generation">;

/** The hooks with fields of features that are off dropped from the template first. */
export function withTemplate<T extends object>(hooks: Hooks<T>, templateOf: (object: T) => PodTemplateSpec | undefined): Hooks<T> {
  return {
    ...hooks,
    prepareForCreate(object) {
      const spec = templateOf(object)?.spec;
      if (spec) dropDisabledPodFields(spec, undefined);
      hooks.prepareForCreate?.(object);
    },
    prepareForUpdate(object, old) {
      const spec = templateOf(object)?.spec;
      if (spec) dropDisabledPodFields(spec, templateOf(old)?.spec);
      hooks.prepareForUpdate?.(object, old);
    },
  };
}
