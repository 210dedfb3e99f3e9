/** `selectableFields` of one version. */
import { parseJsonPath } from "../../lang/jsonpath.ts";
import type { CustomResourceDefinitionVersion as Version } from "../../schema/types/apiextensions-v1.ts";
import type { FieldSelectors } from "../resource.ts";

/** What objects of the version can be selected by, besides name and namespace. */
export function versionSelectors(version: Version): FieldSelectors {
  const fields = (version.selectableFields ?? []).map(({ jsonPath }) => ({
    name: jsonPath.replace(/^\./, ""),
    path: parseJsonPath(jsonPath),
  }));
  if (fields.length === 0) return { selectableFieldNames: [] };
  return {
    selectableFieldNames: fields.map((f) => f.name),
    selectableFields: (object) =>
      Object.fromEntries(
        fields.map(({ name, path }) => {
          const [value] = path.find(object);
          return [name, value === undefined || value === null ? "" : String(value as string | number | boolean)];
        }),
      ),
  };
}
