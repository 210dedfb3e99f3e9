import type { HorizontalPodAutoscaler as HorizontalPodAutoscalerV1 } from "../../schema/types/autoscaling-v1.ts";
import { horizontalpodautoscalers as horizontalpodautoscalersV1 } from "../../schema/types/autoscaling-v1.ts";
import type { HorizontalPodAutoscaler } from "../../schema/types/autoscaling-v2.ts";
import { horizontalpodautoscalers } from "../../schema/types/autoscaling-v2.ts";
import type { Kind } from "../kind.ts";
import { kind } from "../kind.ts";
import { specAndStatus } from "../update-rules.ts";
import { horizontalPodAutoscalerCells, horizontalPodAutoscalerV1Cells } from "./columns.ts";
import { validateAutoscaler, validateAutoscalerStatus, validateAutoscalerUpdate } from "./validation.ts";
import { setAutoscalerDefaults, setAutoscalerV1Defaults } from "./defaults.ts";

export const horizontalPodAutoscalerKind: Kind = kind<HorizontalPodAutoscaler>({
  ref: horizontalpodautoscalers,
  ...specAndStatus<HorizontalPodAutoscaler>({ emptyStatus: () => ({ currentMetrics: null, desiredReplicas: 0 }) }),
  setDefaults: setAutoscalerDefaults,
  validateCreate: validateAutoscaler,
  validateUpdate: validateAutoscalerUpdate,
  validateStatusUpdate: validateAutoscalerStatus,
  cells: horizontalPodAutoscalerCells,
});

export const horizontalPodAutoscalerV1Kind: Kind = kind<HorizontalPodAutoscalerV1>({
  ref: horizontalpodautoscalersV1,
  ...specAndStatus<HorizontalPodAutoscalerV1>({ emptyStatus: () => ({ currentReplicas: 0, desiredReplicas: 0 }) }),
  setDefaults: setAutoscalerV1Defaults,
  cells: horizontalPodAutoscalerV1Cells,
});
