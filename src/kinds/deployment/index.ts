import type { Deployment } from "../../schema/types/apps-v1.ts";
import { deployments } from "../../schema/types/apps-v1.ts";
import type { Kind } from "../kind.ts";
import { kind } from "../kind.ts";
import { setDeploymentDefaults } from "./defaults.ts";
import { deploymentWrites } from "./writes.ts";

export const deploymentKind: Kind = kind<Deployment>({
  ref: deployments,
  setDefaults: setDeploymentDefaults,
  generation: true,
  ...deploymentWrites,
});
