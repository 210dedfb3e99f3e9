/** The types that expressions are checked against: the table's, and those of custom resources. */
import type { JsonSchema } from "../../lang/cel/index.ts";
import { wholeTypeSchema } from "../../schema/admission/type-schema.ts";
import type { GroupVersionKind } from "../../schema/object.ts";
import { resourceRows, typeNameOf } from "../../schema/scheme.ts";
import type { CustomResourceDefinition } from "../../schema/types/apiextensions-v1.ts";
import type { TypeLookup } from "./type-check.ts";

export function typeLookup(definitions: readonly CustomResourceDefinition[]): TypeLookup {
  return {
    kinds: (group, version, resource) => {
      const found: GroupVersionKind[] = [];
      const fits = (of: { group: string; version: string; resource: string }): boolean =>
        of.version === version && of.resource === resource && (group === "" || of.group === group);
      for (const row of resourceRows)
        if (fits(row))
          found.push({
            group: row.responseKind.group || row.group,
            version: row.responseKind.version || version,
            kind: row.responseKind.kind,
          });
      for (const { spec } of definitions)
        for (const { name, served } of spec.versions)
          if (served && fits({ group: spec.group, version: name, resource: spec.names.plural }))
            found.push({ group: spec.group, version, kind: spec.names.kind });
      return found;
    },
    schema: (kind) => {
      const typeName = typeNameOf(kind);
      return typeName === undefined ? customSchema(definitions, kind) : wholeTypeSchema(typeName);
    },
  };
}

function customSchema(
  definitions: readonly CustomResourceDefinition[],
  { group, version, kind }: GroupVersionKind,
): JsonSchema | undefined {
  const definition = definitions.find(({ spec }) => spec.group === group && spec.names.kind === kind);
  return definition?.spec.versions.find(({ name }) => name === version)?.schema?.openAPIV3Schema as JsonSchema | undefined;
}
