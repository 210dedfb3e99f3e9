/** The scale subresource of a custom resource: three paths into the object, seen as autoscaling/v1 Scale. */
import { badRequest, internalError } from "../../core/api-error.ts";
import type { ReplicasPaths } from "../../schema/apply/scale.ts";
import { FieldPath, invalidField } from "../../schema/field-error.ts";
import type { FieldError } from "../../schema/field-error.ts";
import type { KubeObject, UnstructuredObject } from "../../schema/object.ts";
import type { CustomResourceSubresourceScale as Paths } from "../../schema/types/apiextensions-v1.ts";
import type { ObjectView } from "../resource.ts";
import { scaleTable } from "../scale-table.ts";

const maxInt32 = 2 ** 31 - 1;
/** Stands for replicas that an object does not have, while its scale is written. */
const unset = -(2 ** 31);

const segments = (path: string): string[] => path.replace(/^\./, "").split(".");

function at(object: unknown, path: string): unknown {
  let value = object;
  for (const name of segments(path)) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, name)) return undefined;
    value = (value as Record<string, unknown>)[name];
  }
  return value;
}

function put(object: UnstructuredObject, path: string, value: unknown): void {
  const names = segments(path);
  const last = names.pop() as string;
  let into: Record<string, unknown> = object;
  for (const name of names) {
    const below = Object.hasOwn(into, name) ? into[name] : undefined;
    if (typeof below === "object" && below !== null) into = below as Record<string, unknown>;
    else into = define(into, name, {});
  }
  define(into, last, value);
}

function define<T>(into: Record<string, unknown>, name: string, value: T): T {
  Object.defineProperty(into, name, { value, writable: true, enumerable: true, configurable: true });
  return value;
}

export function scaleView(paths: Paths, replicasPaths: ReplicasPaths): ObjectView {
  return {
    group: "autoscaling",
    version: "v1",
    kind: "Scale",
    typeName: "io.k8s.api.autoscaling.v1.Scale",
    ...scaleTable,
    replicasPaths,
    read: (object) => readScale(paths, object),
    readForUpdate: (object) => readScale(paths, object, unset),
    write: (object, view) => {
      const replicas = (view["spec"] as { replicas?: unknown } | undefined)?.replicas ?? 0;
      if (replicas === unset) throw badRequest(`the spec replicas field ${JSON.stringify(paths.specReplicasPath)} cannot be empty`);
      if (typeof replicas !== "number" || replicas < 0) {
        return [invalidField(new FieldPath("spec").child("replicas"), replicas, "should be a non-negative integer")];
      }
      put(object, paths.specReplicasPath, replicas);
      return [];
    },
  };
}

function readScale(paths: Paths, object: UnstructuredObject, otherwise?: number): KubeObject {
  const { metadata } = object;
  const replicas = at(object, paths.specReplicasPath) ?? otherwise;
  if (replicas === undefined) throw internalError(`the spec replicas field "${paths.specReplicasPath}" does not exist`);
  const selector = paths.labelSelectorPath ? at(object, paths.labelSelectorPath) : undefined;
  const scale = {
    kind: "Scale",
    apiVersion: "autoscaling/v1",
    metadata: {
      name: metadata?.name,
      ...(metadata?.namespace === undefined ? {} : { namespace: metadata.namespace }),
      uid: metadata?.uid,
      resourceVersion: metadata?.resourceVersion,
      creationTimestamp: metadata?.creationTimestamp,
    },
    spec: Number(replicas) === 0 ? {} : { replicas: Number(replicas) },
    status: {
      replicas: Number(at(object, paths.statusReplicasPath) ?? 0),
      ...(typeof selector === "string" && selector !== "" ? { selector } : {}),
    },
  };
  return scale as KubeObject;
}

/** What lies on the way of a path without being a map; null alone is nothing. */
function notAMap(object: unknown, path: string): { value: unknown } | undefined {
  let value = object;
  for (const name of segments(path)) {
    if (value === undefined) return undefined;
    if (typeof value !== "object" || value === null || Array.isArray(value)) return { value };
    value = Object.hasOwn(value, name) ? (value as Record<string, unknown>)[name] : undefined;
  }
  return undefined;
}

/** As Go's `%v` prints decoded JSON. */
function goValue(value: unknown): string {
  if (value === null) return "<nil>";
  if (Array.isArray(value)) return `[${value.map(goValue).join(" ")}]`;
  if (typeof value !== "object") return String(value as string | number | boolean);
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return `map[${entries.map(([key, part]) => `${key}:${goValue(part)}`).join(" ")}]`;
}

/** What is wrong with the fields that the paths lead to. `status`: look at the status ones only. */
export function validateScale(paths: Paths, object: UnstructuredObject, status: boolean): FieldError[] {
  const errors: FieldError[] = [];
  const misread = (value: unknown, expected: string): string =>
    `accessor error: ${goValue(value)} is of the type ${typeOf(value)}, expected ${expected}`;
  const count = (path: string): void => {
    const value = at(object, path);
    const field = new FieldPath(path);
    const barrier = notAMap(object, path);
    if (barrier) errors.push(invalidField(field, 0, `${path} ${misread(barrier.value, "map[string]interface{}")}`));
    if (value === undefined) return;
    if (typeof value !== "number" || !Number.isInteger(value)) {
      errors.push(invalidField(field, 0, `${path} ${misread(value, "int64")}`));
    } else if (value < 0) errors.push(invalidField(field, value, "should be a non-negative integer"));
    else if (value > maxInt32) errors.push(invalidField(field, value, `should be less than or equal to ${maxInt32}`));
  };
  if (!status) count(paths.specReplicasPath);
  count(paths.statusReplicasPath);
  const { labelSelectorPath } = paths;
  if (labelSelectorPath) {
    const value = at(object, labelSelectorPath);
    const barrier = notAMap(object, labelSelectorPath);
    const why = barrier
      ? misread(barrier.value, "map[string]interface{}")
      : value !== undefined && typeof value !== "string"
        ? misread(value, "string")
        : undefined;
    if (why !== undefined) errors.push(invalidField(new FieldPath(labelSelectorPath), "", `${labelSelectorPath} ${why}`));
  }
  return errors;
}

function typeOf(value: unknown): string {
  if (typeof value === "number") return Number.isInteger(value) ? "int64" : "float64";
  if (typeof value === "boolean") return "bool";
  if (Array.isArray(value)) return "[]interface {}";
  return typeof value === "string" ? "string" : "map[string]interface {}";
}
