/**
 * Upstream checks objects in an unversioned form of its own, and some messages show values in that form: every field, by
 * its Go name, in the order of declaration, absent ones as null. `facts/go-internal-shape.json` has the names.
 */
import shapes from "../../facts/go-internal-shape.json" with { type: "json" };
import { unifiedDiff } from "./unified-diff.ts";

interface Field {
  readonly shown: string;
  readonly omitEmpty: boolean;
  readonly name: string;
  readonly type: string;
}

const compiled = new Map<string, readonly Field[]>();

function fieldsOf(type: string): readonly Field[] | undefined {
  const known = compiled.get(type);
  if (known) return known;
  const text = (shapes as Readonly<Record<string, string>>)[type];
  if (text === undefined) return undefined;
  const fields = text.split(";").map((row) => {
    const [shown = "", name = "", of = ""] = row.split(" ");
    return { shown: shown.replace("?", ""), omitEmpty: shown.endsWith("?"), name, type: of };
  });
  compiled.set(type, fields);
  return fields;
}

/** `value` of the Go type `type` as Go would marshal its unversioned form. */
export function internalForm(type: string, value: unknown): unknown {
  const absent = value === undefined || value === null;
  if (type.startsWith("*")) return absent ? null : internalForm(type.slice(1), value);
  if (type.startsWith("[]")) return absent ? null : (value as unknown[]).map((item) => internalForm(type.slice(2), item));
  if (type.startsWith("{}")) return absent ? null : sorted(value as Record<string, unknown>, type.slice(2));
  switch (type) {
    case "string":
      return absent ? "" : value;
    case "bool":
      return absent ? false : value;
    case "number":
      return absent ? 0 : value;
    case "json:Quantity":
      return absent ? "0" : value;
    case "json:IntOrString":
      return absent ? 0 : value;
    case "json:LabelSelector":
      return labelSelector((value ?? {}) as Record<string, unknown>);
  }
  const fields = fieldsOf(type);
  if (!fields) return absent ? null : value;
  const from = withoutNesting((value ?? {}) as Record<string, unknown>, fields);
  const form: Record<string, unknown> = {};
  for (const field of fields) {
    const own = from[field.name];
    if (field.omitEmpty && (own === undefined || own === null)) continue;
    form[field.shown] = internalForm(field.type, own);
  }
  return form;
}

/** Templates have their metadata beside their spec: Go embeds it, so that its fields are theirs. */
function withoutNesting(value: Record<string, unknown>, fields: readonly Field[]): Record<string, unknown> {
  const { metadata } = value;
  if (typeof metadata !== "object" || metadata === null || fields.some((f) => f.name === "metadata")) return value;
  return { ...(metadata as Record<string, unknown>), ...value };
}

function sorted(map: Record<string, unknown>, type: string): Record<string, unknown> {
  const form: Record<string, unknown> = {};
  for (const key of Object.keys(map).sort()) form[key] = internalForm(type, map[key]);
  return form;
}

/** Public types keep their JSON names: here only the order is Go's. */
function labelSelector(selector: Record<string, unknown>): Record<string, unknown> {
  const form: Record<string, unknown> = {};
  if (selector["matchLabels"]) form["matchLabels"] = sorted(selector["matchLabels"] as Record<string, unknown>, "string");
  const expressions = selector["matchExpressions"] as { key: string; operator: string; values?: string[] }[] | undefined;
  if (expressions) {
    form["matchExpressions"] = expressions.map(({ key, operator, values }) => ({ key, operator, ...(values ? { values } : {}) }));
  }
  return form;
}

/** A diff of two values of the Go type `type`, as messages about immutable fields carry it. */
export function internalDiff(type: string, before: unknown, after: unknown): string {
  return unifiedDiff(goJson(internalForm(type, before)), goJson(internalForm(type, after)));
}

/** A pod's spec with what its unversioned form has inside the security context. */
export function internalPodSpec(spec: {
  securityContext?: object | undefined;
  hostNetwork?: boolean | undefined;
  hostPID?: boolean | undefined;
  hostIPC?: boolean | undefined;
  shareProcessNamespace?: boolean | undefined;
  hostUsers?: boolean | undefined;
}): object {
  const { hostNetwork, hostPID, hostIPC, shareProcessNamespace, hostUsers } = spec;
  return { ...spec, securityContext: { ...spec.securityContext, hostNetwork, hostPID, hostIPC, shareProcessNamespace, hostUsers } };
}

/** Go's indented JSON: one space, and the characters that HTML cares about as escapes. */
function goJson(value: unknown): string {
  return JSON.stringify(value, null, 1).replace(/[<>&\u2028\u2029]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
