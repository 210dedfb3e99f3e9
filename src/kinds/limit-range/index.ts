import type { LimitRange } from "../../schema/types/core-v1.ts";
import { limitranges } from "../../schema/types/core-v1.ts";
import type { Kind } from "../kind.ts";
import { kind } from "../kind.ts";
import { setLimitRangeDefaults } from "./defaults.ts";
import { validateLimitRange } from "./validation.ts";

export const limitRangeKind: Kind = kind<LimitRange>({
  ref: limitranges,
  metadataOnUpdate: ["whole"],
  setDefaults: setLimitRangeDefaults,
  prepareForCreate(range) {
    const meta = (range.metadata ??= {});
    // A range without a name is named by chance, as upstream names it: its uid would do as well.
    meta.name ||= crypto.randomUUID();
  },
  allowCreateOnUpdate: true,
  validateCreate: validateLimitRange,
  validateUpdate: validateLimitRange,
});
