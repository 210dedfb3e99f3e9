/** A refusal under the name that admission knows of the object (`admission.NewForbidden`). */
import { type ApiError, forbidden } from "../../core/api-error.ts";
import type { AdmissionAttributes } from "../admission.ts";

export function refusal(attributes: AdmissionAttributes, why: string): ApiError {
  const { group, resource } = attributes.definition;
  return forbidden({ group, resource }, nameOf(attributes), why);
}

/** What is created may not have its name yet. */
function nameOf({ name, object }: AdmissionAttributes): string {
  if (name !== "") return name;
  if (object === undefined) return "Unknown!";
  if (object.metadata === undefined) return "Unknown/errorGettingName";
  return object.metadata.name || object.metadata.generateName || "Unknown!";
}
