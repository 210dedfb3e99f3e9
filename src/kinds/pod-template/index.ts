import type { PodTemplate } from "../../schema/types/core-v1.ts";
import { podtemplates } from "../../schema/types/core-v1.ts";
import type { Kind } from "../kind.ts";
import { kind } from "../kind.ts";
import { countsChangesOf } from "../update-rules.ts";
import { setPodTemplateObjectDefaults } from "./defaults.ts";

export const podTemplateKind: Kind = kind<PodTemplate>({
  ref: podtemplates,
  ...countsChangesOf<PodTemplate>("template"),
  setDefaults: setPodTemplateObjectDefaults,
});
