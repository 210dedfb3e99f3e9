/** The types that expressions are checked against: the table's, and those that the server publishes besides. */
import { hasReason } from "../../core/api-error.ts";
import type { Client } from "../../client/client.ts";
import type { JsonSchema } from "../../lang/cel/index.ts";
import { resolveReferences, wholeTypeSchema } from "../../schema/admission/type-schema.ts";
import { groupVersionPath } from "../../schema/openapi/published.ts";
import type { GroupVersion, GroupVersionKind } from "../../schema/object.ts";
import { resourceRows, typeNameOf } from "../../schema/scheme.ts";
import type { ValidatingAdmissionPolicy } from "../../schema/types/admissionregistration-v1.ts";
import type { TypeLookup } from "./type-check.ts";

/** A group version that is not of the table: what discovery and OpenAPI (v3) say of it. */
export interface PublishedTypes extends GroupVersion {
  readonly resources: readonly { readonly name: string; readonly kind: string }[];
  /** `components.schemas` */
  readonly schemas: Readonly<Record<string, PublishedSchema>>;
}

export interface PublishedSchema extends JsonSchema {
  readonly "x-kubernetes-group-version-kind"?: readonly GroupVersionKind[] | undefined;
}

export function typeLookup(published: readonly PublishedTypes[]): TypeLookup {
  return {
    kinds: (group, version, resource) => {
      const found: GroupVersionKind[] = [];
      const fits = (of: GroupVersion): boolean => of.version === version && (group === "" || of.group === group);
      for (const row of resourceRows) {
        const { responseKind } = row;
        if (fits(row) && row.resource === resource)
          found.push({ group: responseKind.group || row.group, version: responseKind.version || version, kind: responseKind.kind });
      }
      for (const types of published)
        if (fits(types))
          for (const { name, kind } of types.resources) if (name === resource) found.push({ group: types.group, version, kind });
      return found;
    },
    schema: (kind) => {
      const typeName = typeNameOf(kind);
      return typeName === undefined ? publishedSchema(published, kind) : wholeTypeSchema(typeName);
    },
  };
}

function publishedSchema(published: readonly PublishedTypes[], { group, version, kind }: GroupVersionKind): JsonSchema | undefined {
  const types = published.find((of) => of.group === group && of.version === version);
  for (const schema of Object.values(types?.schemas ?? {})) {
    const kinds = schema["x-kubernetes-group-version-kind"] ?? [];
    if (kinds.some((of) => of.group === group && of.version === version && of.kind === kind))
      return resolveReferences(schema, (name) => types?.schemas[name]);
  }
  return undefined;
}

/** Asks the server for the types of the policy that the table does not have. */
export async function publishedTypes(client: Client, policy: ValidatingAdmissionPolicy, signal: AbortSignal): Promise<PublishedTypes[]> {
  const found: PublishedTypes[] = [];
  for (const { group, version } of foreignVersions(policy)) {
    const path = groupVersionPath({ group, version });
    try {
      const discovered = (await client.raw("GET", `/${path}`, undefined, { signal })).json() as { resources?: PublishedTypes["resources"] };
      const document = (await client.raw("GET", `/openapi/v3/${path}`, undefined, { signal })).json() as Document;
      found.push({ group, version, resources: discovered.resources ?? [], schemas: document.components?.schemas ?? {} });
    } catch (error) {
      // What is not served cannot be checked.
      if (!hasReason(error, "NotFound")) throw error;
    }
  }
  return found;
}

interface Document {
  readonly components?: { readonly schemas?: PublishedTypes["schemas"] };
}

function foreignVersions({ spec }: ValidatingAdmissionPolicy): GroupVersion[] {
  const named = (spec?.matchConstraints?.resourceRules ?? []).flatMap(({ apiGroups = [], apiVersions = [] }) =>
    apiGroups.flatMap((group) => apiVersions.map((version) => `${group}/${version}`)),
  );
  const known = new Set(resourceRows.map(({ group, version }) => `${group}/${version}`));
  const wanted = new Set([...named, spec?.paramKind?.apiVersion ?? ""]);
  return [...wanted]
    .filter((name) => /^[^*/]+\/[^*/]+$/.test(name) && !known.has(name))
    .map((name) => ({ group: name.slice(0, name.indexOf("/")), version: name.slice(name.indexOf("/") + 1) }));
}
