import type { KubeObject } from "./object.ts";

/** Names one resource at one version, and carries the static type of its objects. */
export interface ResourceRef<T extends object = KubeObject> {
  /** API group; `""` is the core group. */
  readonly group: string;
  readonly version: string;
  /** Plural, lower case: `pods`. */
  readonly resource: string;
  readonly kind: string;
  readonly namespaced: boolean;
  /** Never present: holds `T` for inference only. */
  readonly _type?: T;
}

/** `apps/v1`, or `v1` for the core group. */
export function apiVersionOf(ref: { group: string; version: string }): string {
  return ref.group === "" ? ref.version : `${ref.group}/${ref.version}`;
}

/** `/apis/apps/v1/namespaces/NS/deployments/NAME/SUB`. `namespace` is ignored for cluster-scoped resources; empty lists all. */
export function resourcePath(
  ref: ResourceRef<object>,
  at: { namespace?: string | undefined; name?: string | undefined; subresource?: string | undefined } = {},
): string {
  let path = ref.group === "" ? `/api/${ref.version}` : `/apis/${ref.group}/${ref.version}`;
  if (ref.namespaced && at.namespace) path += `/namespaces/${encodeURIComponent(at.namespace)}`;
  path += `/${ref.resource}`;
  if (at.name) path += `/${encodeURIComponent(at.name)}`;
  if (at.subresource) path += `/${at.subresource}`;
  return path;
}
