import type { HorizontalPodAutoscaler as HorizontalPodAutoscalerV1 } from "../../schema/types/autoscaling-v1.ts";
import type { HPAScalingRules, HorizontalPodAutoscaler } from "../../schema/types/autoscaling-v2.ts";

/** Percent of the requested CPU that an autoscaler without metrics keeps to. */
const defaultCpuUtilization = 80;

/** Fills in the defaults of an autoscaler at v1, in place. */
export function setAutoscalerV1Defaults(autoscaler: HorizontalPodAutoscalerV1): void {
  if (autoscaler.spec) autoscaler.spec.minReplicas ??= 1;
}

/** Fills in the defaults of an autoscaler at v2, in place. */
export function setAutoscalerDefaults(autoscaler: HorizontalPodAutoscaler): void {
  const spec = autoscaler.spec;
  if (!spec) return;
  spec.minReplicas ??= 1;
  if (!spec.metrics?.length) {
    const target = { type: "Utilization", averageUtilization: defaultCpuUtilization };
    spec.metrics = [{ type: "Resource", resource: { name: "cpu", target } }];
  }
  if (!spec.behavior) return;
  spec.behavior.scaleUp = withDefaults(spec.behavior.scaleUp, {
    stabilizationWindowSeconds: 0,
    selectPolicy: "Max",
    policies: [
      { type: "Pods", value: 4, periodSeconds: 15 },
      { type: "Percent", value: 100, periodSeconds: 15 },
    ],
  });
  spec.behavior.scaleDown = withDefaults(spec.behavior.scaleDown, {
    selectPolicy: "Max",
    policies: [{ type: "Percent", value: 100, periodSeconds: 15 }],
  });
}

function withDefaults(rules: HPAScalingRules | undefined, defaults: HPAScalingRules): HPAScalingRules {
  if (!rules) return defaults;
  const merged: HPAScalingRules = { ...defaults };
  if (rules.selectPolicy !== undefined) merged.selectPolicy = rules.selectPolicy;
  if (rules.stabilizationWindowSeconds !== undefined) merged.stabilizationWindowSeconds = rules.stabilizationWindowSeconds;
  if (rules.policies !== undefined) merged.policies = rules.policies;
  if (rules.tolerance !== undefined) merged.tolerance = rules.tolerance;
  return merged;
}
