/** The objects that a binding gives a policy as parameters. */
import { labelSelectorMatcher } from "../../../schema/label-selector.ts";
import type { UnstructuredObject } from "../../../schema/object.ts";
import type { ParamKind, ParamRef } from "../../../schema/types/admissionregistration-v1.ts";
import type { ResourceDefinition, ResourceVersion } from "../../resource.ts";
import type { ApiServer } from "../../server-interface.ts";
import { atVersion, servedVersion } from "../equivalents.ts";

export interface ParamDeps {
  readonly definitions: () => readonly ResourceDefinition[];
  readonly objects: ApiServer["objects"];
}

/** `null`: evaluate without parameters. Throws an Error in upstream's words when they are not to be had. */
export async function collectParams(
  kind: ParamKind | undefined,
  ref: ParamRef | undefined,
  requestNamespace: string,
  deps: ParamDeps,
): Promise<readonly (UnstructuredObject | null)[]> {
  if (kind === undefined) return [null];
  const { definition, version } = paramResource(kind, deps.definitions());
  if (ref === undefined) return [null];
  if (!definition.namespaced && ref.namespace) throw new Error("paramRef.namespace must not be provided for a cluster-scoped `paramKind`");
  const namespace = definition.namespaced ? ref.namespace || requestNamespace : "";
  if (definition.namespaced && namespace === "")
    throw new Error("cannot use namespaced paramRef in policy binding that matches cluster-scoped resources");
  const found = await read(ref, namespace, deps.objects(definition.group, definition.resource));
  if (found.length === 0 && ref.parameterNotFoundAction === "Deny")
    throw new Error("no params found for policy binding with `Deny` parameterNotFoundAction");
  const served = servedVersion(definition, version);
  const at = { group: definition.group, version: version.version, resource: definition.resource, served };
  const equivalent = { ...at, kind: { group: at.group, version: at.version, kind: kind.kind ?? "" } };
  const params: UnstructuredObject[] = [];
  for (const object of found) params.push(await atVersion(object, equivalent));
  return params;
}

async function read(ref: ParamRef, namespace: string, objects: ReturnType<ApiServer["objects"]>): Promise<UnstructuredObject[]> {
  if (ref.name) {
    const found = await objects.get(namespace, ref.name);
    return found === undefined ? [] : [found];
  }
  if (ref.selector === undefined) throw new Error("one of name or selector must be provided");
  const matcher = labelSelectorMatcher(ref.selector);
  return (await objects.list(namespace)).filter((object) => matcher.matches(object.metadata?.labels ?? {}));
}

export interface ParamResource {
  readonly definition: ResourceDefinition;
  readonly version: ResourceVersion;
}

/** The resource of a kind. Throws an Error when nothing of it is served. */
export function paramResource(kind: ParamKind, definitions: readonly ResourceDefinition[]): ParamResource {
  const apiVersion = kind.apiVersion ?? "";
  const [group, version] = apiVersion.includes("/") ? (apiVersion.split("/") as [string, string]) : ["", apiVersion];
  for (const definition of definitions) {
    if (definition.group !== group || definition.kind !== kind.kind || definition.handler !== undefined) continue;
    const found = definition.versions.find((v) => v.version === version);
    if (found !== undefined) return { definition, version: found };
  }
  throw new Error(`failed to find resource referenced by paramKind: '${group}/${version}, Kind=${kind.kind ?? ""}'`);
}
