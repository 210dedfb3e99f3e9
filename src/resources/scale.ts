/** `autoscaling/v1` Scale of the workloads that have replicas. */
import type { ObjectView, Subresource } from "../apiserver/resource.ts";
import { scaleTable } from "../apiserver/scale-table.ts";
import { nameIsDnsSubdomain } from "../kinds/formats.ts";
import { validateObjectMeta } from "../kinds/object-meta.ts";
import { invalidField, FieldPath, type FieldError } from "../schema/field-error.ts";
import type { ReplicasPaths } from "../schema/apply/scale.ts";
import type { UnstructuredObject } from "../schema/object.ts";
import type { LabelSelector } from "../schema/types/meta-v1.ts";
import type { Scale } from "../schema/types/autoscaling-v1.ts";
import type { SubresourceMaker } from "./special.ts";
import { strategyOf } from "./strategy/from-kind.ts";

/** Managers of versions that are long gone may still be there. */
const replicasPaths: ReplicasPaths = new Map(
  ["v1", "apps/v1", "apps/v1beta1", "apps/v1beta2", "extensions/v1beta1"].map((version) => [version, ["spec", "replicas"]]),
);

interface Scaled {
  spec?: { replicas?: number; selector?: LabelSelector | Record<string, string> };
  status?: { replicas?: number };
}

/** `plainSelector`: the selector is a map of labels (ReplicationController). */
export function scaleSubresource(options: { plainSelector?: boolean } = {}): SubresourceMaker {
  const view: ObjectView = {
    group: "autoscaling",
    version: "v1",
    kind: "Scale",
    typeName: "io.k8s.api.autoscaling.v1.Scale",
    read: (object) => readScale(object, options.plainSelector === true),
    write: writeScale,
    replicasPaths,
    ...scaleTable,
  };
  return (served, kind, traits): Subresource => ({ type: "object", strategy: strategyOf(kind, traits), verbs: served.verbs, view });
}

function readScale(object: UnstructuredObject, plain: boolean): Scale {
  const { spec, status } = object as Scaled;
  const meta = object.metadata ?? {};
  const selector = selectorText(spec?.selector, plain);
  return {
    kind: "Scale",
    apiVersion: "autoscaling/v1",
    metadata: {
      ...(meta.name === undefined ? {} : { name: meta.name }),
      ...(meta.namespace === undefined ? {} : { namespace: meta.namespace }),
      ...(meta.uid === undefined ? {} : { uid: meta.uid }),
      ...(meta.resourceVersion === undefined ? {} : { resourceVersion: meta.resourceVersion }),
      ...(meta.creationTimestamp === undefined ? {} : { creationTimestamp: meta.creationTimestamp }),
    },
    spec: spec?.replicas ? { replicas: spec.replicas } : {},
    status: { replicas: status?.replicas ?? 0, ...(selector === "" ? {} : { selector }) },
  };
}

function writeScale(object: UnstructuredObject, view: UnstructuredObject): FieldError[] {
  const scale = view as Scale;
  const replicas = scale.spec?.replicas ?? 0;
  const errors = validateObjectMeta(scale.metadata, true, nameIsDnsSubdomain);
  if (replicas < 0) {
    errors.push(invalidField(new FieldPath("spec").child("replicas"), replicas, "must be greater than or equal to 0", "minimum"));
  }
  if (errors.length > 0) return errors;
  const spec = (object["spec"] ?? {}) as Record<string, unknown>;
  spec["replicas"] = replicas;
  object["spec"] = spec;
  return [];
}

/** A selector as `metav1.FormatLabelSelector` writes it, requirements sorted by key. */
function selectorText(selector: LabelSelector | Record<string, string> | undefined, plain: boolean): string {
  if (selector === undefined) return "";
  const labels = plain ? (selector as Record<string, string>) : (selector as LabelSelector).matchLabels;
  const parts: [key: string, text: string][] = Object.entries(labels ?? {}).map(([k, v]) => [k, `${k}=${v}`]);
  for (const e of plain ? [] : ((selector as LabelSelector).matchExpressions ?? [])) {
    const values = [...(e.values ?? [])].sort().join(",");
    if (e.operator === "In") parts.push([e.key, `${e.key} in (${values})`]);
    else if (e.operator === "NotIn") parts.push([e.key, `${e.key} notin (${values})`]);
    else parts.push([e.key, e.operator === "Exists" ? e.key : `!${e.key}`]);
  }
  return parts
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    .map(([, text]) => text)
    .join(",");
}
