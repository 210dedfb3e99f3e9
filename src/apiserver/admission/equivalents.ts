/** The same objects under other groups and versions: what `matchPolicy: Equivalent` looks at, and the conversion to them. */
import type { GroupVersionKind, UnstructuredObject } from "../../schema/object.ts";
import type { AdmissionAttributes } from "../admission.ts";
import { type ResourceDefinition, type ResourceVersion, subresourcesAt } from "../resource.ts";
import { Served } from "../served.ts";

/** A resource at one version, and the kind that it, or the subresource that is asked about, has there. */
export interface Equivalent {
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  readonly kind: GroupVersionKind;
  /** Where stored objects are converted to it; undefined for what is not stored, which is of one kind everywhere. */
  readonly served: Served | undefined;
}

/** The request's own resource and kind. */
export function ownResource(attributes: AdmissionAttributes): Equivalent {
  const { definition, version, kind, served } = attributes;
  return { group: definition.group, version, resource: definition.resource, kind, served };
}

/** The others that show the same objects and have the subresource; without the request's own. */
export function equivalentResources(definitions: readonly ResourceDefinition[], attributes: AdmissionAttributes): Equivalent[] {
  const { definition, subresource } = attributes;
  const found: Equivalent[] = [];
  for (const other of definitions) {
    if (other !== definition && (other.handler !== undefined || other.storagePrefix !== definition.storagePrefix)) continue;
    for (const version of other.versions) {
      const below = subresource === "" ? undefined : subresourcesAt(other, version.version)[subresource];
      if (subresource !== "" && below === undefined) continue;
      if (other === definition && version.version === attributes.version) continue;
      const { group, resource } = other;
      const own = { group, version: version.version, kind: other.kind };
      const kind = below === undefined ? own : below.type === "handler" ? below : (below.view ?? own);
      const served = attributes.served === undefined ? undefined : servedVersion(other, version);
      found.push({ group, version: version.version, resource, kind, served });
    }
  }
  return found;
}

const known = new WeakMap<ResourceVersion, Served>();

/** A definition at one of its versions. */
export function servedVersion(definition: ResourceDefinition, version: ResourceVersion): Served {
  let served = known.get(version);
  if (served === undefined || served.definition !== definition) known.set(version, (served = new Served(definition, version)));
  return served;
}

/** The object of the request, or the old one, as the equivalent shows it. Not a copy where nothing has to change. */
export function atVersion(object: UnstructuredObject, equivalent: Equivalent): UnstructuredObject | Promise<UnstructuredObject> {
  const { served } = equivalent;
  if (served === undefined) return object;
  const { converter } = served.definition;
  if (converter === undefined) return served.fromStorage(object);
  if (object.apiVersion === served.apiVersion) return object;
  return converter.convert([object], served.apiVersion).then(([converted]) => converted as UnstructuredObject);
}
