import { type PodGroup, podgroups } from "../../schema/types/scheduling-v1alpha2.ts";
import type { Kind } from "../kind.ts";
import { kind } from "../kind.ts";
import { specAndStatus } from "../update-rules.ts";
import { dropDisabledGroupFields } from "./disabled-fields.ts";
import { validatePodGroup, validatePodGroupStatusUpdate, validatePodGroupUpdate } from "./validation.ts";

const hooks = specAndStatus<PodGroup>({ statusKeepsMetadata: true });

export const podGroupKind: Kind = kind<PodGroup>({
  ref: podgroups,
  setDefaults: ({ spec }) => {
    spec.disruptionMode ??= "Pod";
  },
  ...hooks,
  prepareForCreate(group): void {
    hooks.prepareForCreate?.(group);
    dropDisabledGroupFields(group.spec, undefined);
  },
  prepareForUpdate(group, old): void {
    hooks.prepareForUpdate?.(group, old);
    dropDisabledGroupFields(group.spec, old.spec);
  },
  validateCreate: validatePodGroup,
  validateUpdate: validatePodGroupUpdate,
  validateStatusUpdate: validatePodGroupStatusUpdate,
});
