import type { RuntimeClass } from "../../schema/types/node-v1.ts";

/** Fills in a runtime class's defaults, in place. */
export function setRuntimeClassDefaults(runtimeClass: RuntimeClass): void {
  for (const toleration of runtimeClass.scheduling?.tolerations ?? []) if (toleration.operator === "") delete toleration.operator;
}
