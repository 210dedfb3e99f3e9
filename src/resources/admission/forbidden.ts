import type { AdmissionAttributes } from "../../apiserver/admission.ts";
import { ApiError, forbidden } from "../../core/api-error.ts";

/** The name an admission error gives: the object's may not be generated yet. */
function nameOf(attributes: AdmissionAttributes): string {
  if (attributes.name !== "") return attributes.name;
  const { name, generateName } = attributes.object?.metadata ?? {};
  return name || generateName || "Unknown";
}

/** The 403 of a plugin. */
export function refusal(attributes: AdmissionAttributes, why: string): ApiError {
  const { group, resource } = attributes.definition;
  return forbidden({ group, resource }, nameOf(attributes), why);
}

/** Whether the attributes are about this resource itself, or one of its subresources. */
export function isAbout(attributes: AdmissionAttributes, group: string, resource: string, subresource = ""): boolean {
  const { definition } = attributes;
  return definition.resource === resource && definition.group === group && attributes.subresource === subresource;
}
