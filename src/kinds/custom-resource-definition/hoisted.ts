/**
 * Upstream checks a CRD in an older shape: what all versions have alike stands once, in the spec, and errors name it there.
 * A CRD of one version has everything there.
 */
import type {
  CustomResourceColumnDefinition,
  CustomResourceDefinitionSpec,
  CustomResourceDefinitionVersion,
  CustomResourceSubresources,
  CustomResourceValidation,
  SelectableField,
} from "../../schema/types/apiextensions-v1.ts";
import { semanticEqual } from "../semantic-equal.ts";

export interface Shared {
  validation?: CustomResourceValidation | undefined;
  subresources?: CustomResourceSubresources | undefined;
  additionalPrinterColumns?: CustomResourceColumnDefinition[] | undefined;
  selectableFields?: SelectableField[] | undefined;
}

export interface HoistedSpec {
  readonly shared: Shared;
  /** Without what is shared. */
  readonly versions: readonly CustomResourceDefinitionVersion[];
}

const fields = ["schema", "subresources", "additionalPrinterColumns", "selectableFields"] as const;

export function hoist(spec: CustomResourceDefinitionSpec): HoistedSpec {
  const versions = (spec.versions ?? []).map((v) => ({ ...v }));
  const [first] = versions;
  const shared: Shared = {};
  if (first === undefined) return { shared, versions };
  const { schema, subresources, additionalPrinterColumns, selectableFields } = first;
  const common = { schema, subresources, additionalPrinterColumns, selectableFields };
  for (const field of fields) {
    if (!versions.every((v) => semanticEqual(v[field], common[field]))) continue;
    if (field === "schema") shared.validation = schema;
    else Object.assign(shared, { [field]: common[field] });
    for (const version of versions) delete version[field];
  }
  return { shared, versions };
}
