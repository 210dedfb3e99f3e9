import type { FieldError } from "../../schema/field-error.ts";
import { FieldPath, invalidField, required } from "../../schema/field-error.ts";
import { dns1123Subdomain, pathSegmentName } from "../../core/names.ts";
import type { IPAddress } from "../../schema/types/networking-v1.ts";
import { invalidEach } from "../formats.ts";
import { semanticEqual } from "../semantic-equal.ts";

const path = new FieldPath("spec.parentRef");

export function validateIpAddress({ spec }: IPAddress): FieldError[] {
  const errors: FieldError[] = [];
  const parent = spec?.parentRef;
  if (parent === undefined) return [required(path)];
  if (parent.group) invalidEach(dns1123Subdomain(parent.group), path.child("group"), parent.group, errors);
  for (const field of ["resource", "name", "namespace"] as const) {
    const value = parent[field] ?? "";
    if (value !== "") invalidEach(pathSegmentName(value), path.child(field), value, errors);
    else if (field !== "namespace") errors.push(required(path.child(field)));
  }
  return errors;
}

export function validateIpAddressUpdate({ spec }: IPAddress, old: IPAddress): FieldError[] {
  const parent = spec?.parentRef;
  if (semanticEqual(parent, old.spec?.parentRef)) return [];
  const { group = "", resource = "", namespace = "", name = "" } = parent ?? {};
  const shown = parent === undefined ? null : { Group: group, Resource: resource, Namespace: namespace, Name: name };
  return [invalidField(path, shown, "field is immutable", "immutable")];
}
