/**
 * `autoscaling/v1` HorizontalPodAutoscalers are kept as v2: the CPU target is a metric there, and what v1 cannot say travels
 * in annotations.
 */
import type { UnstructuredObject } from "../schema/object.ts";

const metricsAnnotation = "autoscaling.alpha.kubernetes.io/metrics";
const statusesAnnotation = "autoscaling.alpha.kubernetes.io/current-metrics";
const conditionsAnnotation = "autoscaling.alpha.kubernetes.io/conditions";
const behaviorAnnotation = "autoscaling.alpha.kubernetes.io/behavior";
const roundTripAnnotations = [
  metricsAnnotation,
  statusesAnnotation,
  conditionsAnnotation,
  behaviorAnnotation,
  "autoscaling.alpha.kubernetes.io/scale-down-tolerance",
  "autoscaling.alpha.kubernetes.io/scale-up-tolerance",
];

type Fields = Record<string, unknown>;

const isCpu = (metric: Fields): boolean => metric["type"] === "Resource" && (metric["resource"] as Fields | undefined)?.["name"] === "cpu";

export function autoscalerToV1(v2: UnstructuredObject): UnstructuredObject {
  const spec = (v2["spec"] ?? {}) as Fields;
  const status = (v2["status"] ?? {}) as Fields;
  const annotations: Record<string, string> = { ...v2.metadata?.annotations };
  for (const name of roundTripAnnotations) delete annotations[name];
  const others: Fields[] = [];
  let target: unknown;
  for (const metric of (spec["metrics"] ?? []) as Fields[]) {
    const utilization = ((metric["resource"] as Fields | undefined)?.["target"] as Fields | undefined)?.["averageUtilization"];
    if (target === undefined && isCpu(metric) && utilization !== undefined) target = utilization;
    else others.push(specToV1(metric));
  }
  if (others.length > 0) annotations[metricsAnnotation] = JSON.stringify(others);
  let current: unknown;
  const otherStatuses: Fields[] = [];
  for (const metric of (status["currentMetrics"] ?? []) as Fields[]) {
    const utilization = ((metric["resource"] as Fields | undefined)?.["current"] as Fields | undefined)?.["averageUtilization"];
    if (isCpu(metric) && utilization !== undefined) current = utilization;
    otherStatuses.push(statusToV1(metric));
  }
  if (otherStatuses.length > 0) annotations[statusesAnnotation] = JSON.stringify(otherStatuses);
  if (Array.isArray(status["conditions"]) && status["conditions"].length > 0)
    annotations[conditionsAnnotation] = JSON.stringify(status["conditions"]);
  if (spec["behavior"] !== undefined) annotations[behaviorAnnotation] = behaviorText(spec["behavior"] as Fields);
  const { annotations: _, ...meta } = v2.metadata ?? {};
  return {
    kind: "HorizontalPodAutoscaler",
    apiVersion: "autoscaling/v1",
    metadata: { ...meta, ...(Object.keys(annotations).length > 0 ? { annotations } : {}) },
    spec: {
      ...pick(spec, "scaleTargetRef", "minReplicas", "maxReplicas"),
      ...(target === undefined ? {} : { targetCPUUtilizationPercentage: target }),
    },
    status: {
      currentReplicas: 0,
      desiredReplicas: 0,
      ...pick(status, "observedGeneration", "lastScaleTime", "currentReplicas", "desiredReplicas"),
      ...(current === undefined ? {} : { currentCPUUtilizationPercentage: current }),
    },
  };
}

export function autoscalerFromV1(v1: UnstructuredObject): UnstructuredObject {
  const spec = (v1["spec"] ?? {}) as Fields;
  const status = (v1["status"] ?? {}) as Fields;
  const { annotations: all, ...meta } = v1.metadata ?? {};
  const annotations: Record<string, string> = { ...all };
  const take = (name: string): unknown => {
    const text = annotations[name];
    delete annotations[name];
    return text === undefined ? undefined : parsed(text);
  };
  const others = take(metricsAnnotation);
  const statuses = take(statusesAnnotation);
  const conditions = take(conditionsAnnotation);
  const behavior = behaviorOf(take(behaviorAnnotation));
  for (const name of roundTripAnnotations) delete annotations[name];
  const metrics = Array.isArray(others) ? (others as Fields[]).map(specFromV1) : [];
  const cpu = spec["targetCPUUtilizationPercentage"];
  if (cpu !== undefined && cpu !== null)
    metrics.push({ type: "Resource", resource: { name: "cpu", target: { type: "Utilization", averageUtilization: cpu } } });
  return {
    kind: "HorizontalPodAutoscaler",
    apiVersion: "autoscaling/v2",
    metadata: { ...meta, ...(Object.keys(annotations).length > 0 ? { annotations } : {}) },
    spec: {
      ...pick(spec, "scaleTargetRef", "minReplicas", "maxReplicas"),
      ...(metrics.length === 0 ? {} : { metrics }),
      ...(behavior === undefined ? {} : { behavior }),
    },
    status: {
      desiredReplicas: 0,
      ...pick(status, "observedGeneration", "lastScaleTime", "currentReplicas", "desiredReplicas"),
      currentMetrics: Array.isArray(statuses) ? (statuses as Fields[]).map(statusFromV1) : cpuStatus(status),
      ...(Array.isArray(conditions) ? { conditions: conditions as unknown[] } : {}),
    },
  };
}

/** The annotation tells more; where there is none, the percentage is all that is known. */
function cpuStatus({ currentCPUUtilizationPercentage: averageUtilization }: Fields): Fields[] | null {
  if (averageUtilization === undefined || averageUtilization === null) return null;
  return [{ type: "Resource", resource: { name: "cpu", current: { averageUtilization } } }];
}

const rulesFields = ["StabilizationWindowSeconds", "SelectPolicy", "Policies", "Tolerance"];
const policyFields = ["Type", "Value", "PeriodSeconds"];

/** The behavior as upstream marshals a type that has no names for JSON: Go's own, with nulls. */
function behaviorText(behavior: Fields): string {
  const renamed = (from: Fields, names: readonly string[]): Fields =>
    Object.fromEntries(names.map((name) => [name, from[lower(name)] ?? null]));
  const rules = (from: unknown): Fields | null => {
    if (from === undefined || from === null) return null;
    const made = renamed(from as Fields, rulesFields);
    if (Array.isArray(made["Policies"])) made["Policies"] = (made["Policies"] as Fields[]).map((policy) => renamed(policy, policyFields));
    return made;
  };
  return JSON.stringify({ ScaleUp: rules(behavior["scaleUp"]), ScaleDown: rules(behavior["scaleDown"]) });
}

/** The annotation read back; names in any case, as Go reads them. Undefined where it says nothing. */
function behaviorOf(text: unknown): Fields | undefined {
  const plain = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(plain);
    if (typeof value !== "object" || value === null) return value;
    const members = Object.entries(value).filter(([, v]) => v !== null);
    return Object.fromEntries(members.map(([key, v]) => [lower(key), plain(v)]));
  };
  const behavior = plain(text);
  if (typeof behavior !== "object" || behavior === null || Array.isArray(behavior) || Object.keys(behavior).length === 0) return undefined;
  return behavior as Fields;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    // As upstream: an annotation that does not parse is dropped on the way in.
    return undefined;
  }
}

function pick(from: Fields, ...names: string[]): Fields {
  const to: Fields = {};
  for (const name of names) if (from[name] !== undefined) to[name] = from[name];
  return to;
}

const lower = (type: unknown): string => {
  const text = String(type);
  return text.slice(0, 1).toLowerCase() + text.slice(1);
};

/** Moves one metric source from v2's nested `metric` and `target` to v1's flat names. */
function flatten(source: Fields, valueKey: "target" | "current", names: Readonly<Record<string, string>>): Fields {
  const flat: Fields = pick(source, "name", "container");
  const metric = source["metric"] as Fields | undefined;
  if (metric !== undefined) {
    flat["metricName"] = metric["name"];
    if (metric["selector"] !== undefined) flat[names["selector"] ?? "selector"] = metric["selector"];
  }
  const value = (source[valueKey] ?? {}) as Fields;
  for (const key of ["value", "averageValue", "averageUtilization"])
    if (value[key] !== undefined && names[key] !== undefined) flat[names[key]] = value[key];
  if (source["describedObject"] !== undefined) flat["target"] = source["describedObject"];
  return flat;
}

function nest(flat: Fields, valueKey: "target" | "current", names: Readonly<Record<string, string>>): Fields {
  const source: Fields = pick(flat, "name", "container");
  if (flat["metricName"] !== undefined) {
    const selector = flat[names["selector"] ?? "selector"];
    source["metric"] = { name: flat["metricName"], ...(selector === undefined ? {} : { selector }) };
  }
  const value: Fields = {};
  for (const key of ["value", "averageValue", "averageUtilization"]) {
    const name = names[key];
    if (name !== undefined && flat[name] !== undefined) value[key] = flat[name];
  }
  if (valueKey === "target") {
    value["type"] =
      value["averageUtilization"] !== undefined ? "Utilization" : value["averageValue"] !== undefined ? "AverageValue" : "Value";
  }
  source[valueKey] = value;
  if (flat["target"] !== undefined) source["describedObject"] = flat["target"];
  return source;
}

const specNames: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  object: { value: "targetValue", averageValue: "averageValue", selector: "selector" },
  pods: { averageValue: "targetAverageValue", selector: "selector" },
  resource: { averageUtilization: "targetAverageUtilization", averageValue: "targetAverageValue" },
  containerResource: { averageUtilization: "targetAverageUtilization", averageValue: "targetAverageValue" },
  external: { value: "targetValue", averageValue: "targetAverageValue", selector: "metricSelector" },
};

const statusNames: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  object: { value: "currentValue", averageValue: "averageValue", selector: "selector" },
  pods: { averageValue: "currentAverageValue", selector: "selector" },
  resource: { averageUtilization: "currentAverageUtilization", averageValue: "currentAverageValue" },
  containerResource: { averageUtilization: "currentAverageUtilization", averageValue: "currentAverageValue" },
  external: { value: "currentValue", averageValue: "currentAverageValue", selector: "metricSelector" },
};

function convert(metric: Fields, each: (source: Fields, key: string) => Fields): Fields {
  const key = lower(metric["type"]);
  const source = metric[key] as Fields | undefined;
  return source === undefined ? { type: metric["type"] } : { type: metric["type"], [key]: each(source, key) };
}

const specToV1 = (metric: Fields): Fields => convert(metric, (source, key) => flatten(source, "target", specNames[key] ?? {}));
const specFromV1 = (metric: Fields): Fields => convert(metric, (source, key) => nest(source, "target", specNames[key] ?? {}));
/** In v1's statuses the average of a resource is no pointer. */
const always: Readonly<Record<string, string>> = { resource: "currentAverageValue", containerResource: "currentAverageValue" };

const statusToV1 = (metric: Fields): Fields =>
  convert(metric, (source, key) => {
    const flat = flatten(source, "current", statusNames[key] ?? {});
    const name = always[key];
    if (name !== undefined) flat[name] ??= "0";
    return flat;
  });
const statusFromV1 = (metric: Fields): Fields =>
  convert(metric, (source, key) => {
    const name = always[key];
    return nest(name === undefined ? source : { ...source, [name]: source[name] ?? "0" }, "current", statusNames[key] ?? {});
  });
