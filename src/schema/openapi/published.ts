/** What OpenAPI needs to know of a served resource. The API server makes these from its definitions. */
import type { JSONSchemaProps } from "../types/apiextensions-v1.ts";
import type { GroupVersionKind } from "../object.ts";

/** One resource at one version. */
export interface PublishedResource extends GroupVersionKind {
  readonly resource: string;
  readonly listKind: string;
  readonly namespaced: boolean;
  readonly verbs: readonly string[];
  /** The built-in type; absent for custom resources. */
  readonly typeName?: string | undefined;
  /** A custom resource: its version's schema, when it has one. */
  readonly schema?: JSONSchemaProps | undefined;
  /** The fields of a custom resource that it can be selected by, beside name and namespace. */
  readonly selectableFields?: readonly string[] | undefined;
  readonly subresources: readonly PublishedSubresource[];
}

export interface PublishedSubresource extends GroupVersionKind {
  readonly name: string;
  readonly verbs: readonly string[];
}

/** Descriptions of a type and its fields, by the type's full name; an empty answer where none are known. */
export interface TypeDescription {
  readonly type?: string | undefined;
  readonly fields?: Readonly<Record<string, string>> | undefined;
}
export type Descriptions = (typeName: string) => TypeDescription;

export const noDescriptions: Descriptions = () => ({});

/** Names and shapes differ between the two formats. */
export type Dialect = "v2" | "v3";

export function reference(dialect: Dialect, name: string): string {
  return dialect === "v2" ? `#/definitions/${name}` : `#/components/schemas/${name}`;
}

/** `apps/v1` → `apis/apps/v1`; the core group is `api/v1`. */
export function groupVersionPath(gv: { group: string; version: string }): string {
  return gv.group === "" ? `api/${gv.version}` : `apis/${gv.group}/${gv.version}`;
}

/** The name under which a resource's schema is published: `io.k8s.api.apps.v1.Deployment`, `com.example.v1.Widget`. */
export function modelName(resource: PublishedResource): string {
  return resource.typeName ?? customModelName(resource, resource.kind);
}

export function customModelName(gv: { group: string; version: string }, kind: string): string {
  return `${gv.group.split(".").toReversed().join(".")}.${gv.version}.${kind}`;
}
