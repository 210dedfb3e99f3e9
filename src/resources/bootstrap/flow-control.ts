import { jsonEqual } from "../../apiserver/json-equal.ts";
import { mutable, type KubeObject, type UnstructuredObject } from "../../schema/object.ts";

const autoUpdate = "apf.kubernetes.io/autoupdate-spec";
/** Upstream writes these back whatever an administrator says. */
const mandatory: ReadonlySet<string> = new Set(["exempt", "catch-all"]);

/** For FlowSchema and PriorityLevelConfiguration: the server's spec is kept where the annotation, or necessity, says so. */
export function reconcileFlowControl(existing: KubeObject, wished: KubeObject): { object: KubeObject } | undefined {
  const name = existing.metadata?.name ?? "";
  const managed = mandatory.has(name) || existing.metadata?.annotations?.[autoUpdate] === "true";
  const spec = (wished as UnstructuredObject)["spec"];
  if (!managed || covers((existing as UnstructuredObject)["spec"], spec)) return undefined;
  const object: UnstructuredObject = mutable(existing) as UnstructuredObject;
  object["spec"] = spec;
  return { object };
}

/** Everything `wished` says is so in `existing`, which may have defaults besides. */
function covers(existing: unknown, wished: unknown): boolean {
  if (Array.isArray(wished))
    return Array.isArray(existing) && existing.length === wished.length && wished.every((item, i) => covers(existing[i], item));
  if (typeof wished !== "object" || wished === null) return jsonEqual(existing, wished);
  if (typeof existing !== "object" || existing === null) return false;
  return Object.entries(wished).every(([key, value]) => covers((existing as Record<string, unknown>)[key], value));
}
