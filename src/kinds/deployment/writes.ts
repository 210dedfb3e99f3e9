import type { Deployment } from "../../schema/types/apps-v1.ts";
import type { Kind } from "../kind.ts";
import { semanticEqual } from "../semantic-equal.ts";
import { countGeneration, keepField, startGeneration } from "../update-rules.ts";

export const deploymentWrites: Pick<Kind<Deployment>, "prepareForCreate" | "prepareForUpdate" | "prepareForStatusUpdate"> = {
  prepareForCreate(deployment): void {
    deployment.status = {};
    startGeneration(deployment);
  },
  prepareForUpdate(deployment, old): void {
    keepField(deployment, old, "status");
    // Annotations count too: rollouts look at some of them.
    const same =
      semanticEqual(deployment.spec, old.spec) && semanticEqual(deployment.metadata?.annotations ?? {}, old.metadata?.annotations ?? {});
    countGeneration(deployment, old, !same);
  },
  prepareForStatusUpdate(deployment, old): void {
    keepField(deployment, old, "spec");
    if (deployment.metadata) keepField(deployment.metadata, old.metadata ?? {}, "labels");
  },
};
