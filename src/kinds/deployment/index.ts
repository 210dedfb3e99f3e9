import { FieldPath } from "../../schema/field-error.ts";
import type { Deployment } from "../../schema/types/apps-v1.ts";
import { deployments } from "../../schema/types/apps-v1.ts";
import type { Kind } from "../kind.ts";
import { kind } from "../kind.ts";
import { withTemplate } from "../pod/template-writes.ts";
import { workloadWarnings } from "../workload-warnings.ts";
import { deploymentCells } from "./columns.ts";
import { setDeploymentDefaults } from "./defaults.ts";
import { validateDeployment, validateDeploymentUpdate, validateDeploymentStatus } from "./validation.ts";
import { deploymentWrites } from "./writes.ts";

export const deploymentKind: Kind = kind<Deployment>({
  ref: deployments,
  setDefaults: setDeploymentDefaults,
  generation: true,
  ...withTemplate(deploymentWrites, (o) => o.spec?.template),
  validateCreate: validateDeployment,
  validateUpdate: validateDeploymentUpdate,
  validateStatusUpdate: validateDeploymentStatus,
  warnings: (object, old) => workloadWarnings(object, old, (o) => o.spec?.template, new FieldPath("spec.template")),
  cells: deploymentCells,
});
