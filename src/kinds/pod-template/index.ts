import { FieldPath } from "../../schema/field-error.ts";
import type { PodTemplate } from "../../schema/types/core-v1.ts";
import { podtemplates } from "../../schema/types/core-v1.ts";
import type { Kind } from "../kind.ts";
import { kind } from "../kind.ts";
import { withTemplate } from "../pod/template-writes.ts";
import { countsChangesOf } from "../update-rules.ts";
import { workloadWarnings } from "../workload-warnings.ts";
import { podTemplateCells } from "./columns.ts";
import { setPodTemplateObjectDefaults } from "./defaults.ts";
import { validatePodTemplate } from "./validation.ts";

export const podTemplateKind: Kind = kind<PodTemplate>({
  ref: podtemplates,
  ...withTemplate(countsChangesOf<PodTemplate>("template"), (o) => o.template),
  setDefaults: setPodTemplateObjectDefaults,
  validateCreate: (template) => validatePodTemplate(template),
  validateUpdate: validatePodTemplate,
  warnings: (object, old) => workloadWarnings(object, old, (o) => o.template, new FieldPath("template"), false),
  cells: podTemplateCells,
});
