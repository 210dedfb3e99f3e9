import type { HorizontalPodAutoscaler as HorizontalPodAutoscalerV1 } from "../../schema/types/autoscaling-v1.ts";
import type {
  HorizontalPodAutoscaler,
  MetricSpec,
  MetricStatus,
  MetricTarget,
  MetricValueStatus,
} from "../../schema/types/autoscaling-v2.ts";
import { age } from "../age.ts";
import { nameOf } from "../cell-text.ts";

export function horizontalPodAutoscalerCells(autoscaler: HorizontalPodAutoscaler, now: number): unknown[] {
  const { spec, status } = autoscaler;
  return [
    nameOf(autoscaler),
    `${spec?.scaleTargetRef.kind ?? ""}/${spec?.scaleTargetRef.name ?? ""}`,
    metricsText(spec?.metrics ?? [], status?.currentMetrics ?? []),
    spec?.minReplicas === undefined ? "<unset>" : String(spec.minReplicas),
    spec?.maxReplicas ?? 0,
    status?.currentReplicas ?? 0,
    age(autoscaler, now),
  ];
}

/** The older version knows the use of processors only. */
export function horizontalPodAutoscalerV1Cells(autoscaler: HorizontalPodAutoscalerV1, now: number): unknown[] {
  const { spec, status } = autoscaler;
  const target = spec?.targetCPUUtilizationPercentage;
  const current = status?.currentCPUUtilizationPercentage;
  const metrics = target === undefined ? "<none>" : `cpu: ${current === undefined ? "<unknown>" : `${current}%`}/${target}%`;
  return [
    nameOf(autoscaler),
    `${spec?.scaleTargetRef.kind ?? ""}/${spec?.scaleTargetRef.name ?? ""}`,
    metrics,
    spec?.minReplicas === undefined ? "<unset>" : String(spec.minReplicas),
    spec?.maxReplicas ?? 0,
    status?.currentReplicas ?? 0,
    age(autoscaler, now),
  ];
}

function metricsText(specs: readonly MetricSpec[], statuses: readonly MetricStatus[]): string {
  if (specs.length === 0) return "<none>";
  const shown = specs.slice(0, 2).map((spec, i) => metricText(spec, statuses[i]));
  return shown.join(", ") + (specs.length > 2 ? ` + ${specs.length - 2} more...` : "");
}

function metricText(spec: MetricSpec, status: MetricStatus | undefined): string {
  switch (spec.type) {
    case "External":
      return valueText(spec.external?.target, status?.external?.current);
    case "Object":
      return valueText(spec.object?.target, status?.object?.current);
    case "Pods":
      return `${averageText(status?.pods?.current)}/${spec.pods?.target.averageValue ?? "<nil>"}`;
    case "Resource":
      return resourceText(spec.resource?.name, spec.resource?.target, status?.resource?.current);
    case "ContainerResource":
      return resourceText(spec.containerResource?.name, spec.containerResource?.target, status?.containerResource?.current);
    default:
      return "<unknown type>";
  }
}

function averageText(current: MetricValueStatus | undefined): string {
  return current === undefined ? "<unknown>" : (current.averageValue ?? "<nil>");
}

/** A metric of its own: a value, or one averaged over the pods. */
function valueText(target: MetricTarget | undefined, current: MetricValueStatus | undefined): string {
  if (target?.averageValue !== undefined) return `${current?.averageValue ?? "<unknown>"}/${target.averageValue} (avg)`;
  return `${current === undefined ? "<unknown>" : (current.value ?? "<nil>")}/${target?.value ?? "<nil>"}`;
}

/** A resource of the pods: an average, or a share of what they request. */
function resourceText(name = "", target: MetricTarget | undefined, current: MetricValueStatus | undefined): string {
  if (target?.averageValue !== undefined) return `${name}: ${averageText(current)}/${target.averageValue}`;
  const used = current?.averageUtilization === undefined ? "<unknown>" : `${current.averageUtilization}%`;
  return `${name}: ${used}/${target?.averageUtilization === undefined ? "<auto>" : `${target.averageUtilization}%`}`;
}
