/**
 * The field managers of what is served: one for each version of a resource and each of its subresources, made when it is
 * first written through, forgotten with the definition it was made for.
 */
import { ApiError } from "../../core/api-error.ts";
import type { Clock } from "../../core/clock.ts";
import { type Atom, customResourceAtom, typeAtom } from "../../schema/apply/atom.ts";
import { fieldManager, type FieldManager } from "../../schema/apply/field-manager.ts";
import type { VersionedType } from "../../schema/apply/updater.ts";
import { normalize } from "../../schema/codec.ts";
import { deepFreeze, type GroupVersionKind, mutable, type UnstructuredObject } from "../../schema/object.ts";
import { apiVersionOf } from "../../schema/resource-ref.ts";
import { jsonEqual } from "../json-equal.ts";
import type { ApiRequest } from "../request.ts";
import type { ObjectView, ResourceVersion, Strategy } from "../resource.ts";
import { Served } from "../served.ts";

/** What a request writes to: the object, or one of its subresources. */
export interface WriteTarget {
  readonly served: Served;
  /** Empty for the object itself. */
  readonly subresource: string;
  readonly strategy: Strategy;
  readonly view: ObjectView | undefined;
}

export class FieldManagers {
  readonly #clock: Clock;
  readonly #known = new WeakMap<Served, Map<string, FieldManager>>();
  readonly #types = new Map<string, FieldManager>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Of what is created and not stored: a review, a binding. */
  ofType({ group, version, kind }: GroupVersionKind, typeName: string, subresource: string): FieldManager {
    const apiVersion = apiVersionOf({ group, version });
    const id = `${apiVersion} ${kind} ${subresource}`;
    let manager = this.#types.get(id);
    if (manager === undefined) {
      const type = { atom: (at: string) => (at === apiVersion ? typeAtom(typeName) : undefined), convert: (o: object) => o };
      const now = (): number => this.#clock.now();
      manager = fieldManager({ type, apiVersion, kind, subresource, empty: emptyObject(typeName, apiVersion, kind), now });
      this.#types.set(id, manager);
    }
    return manager;
  }

  of(target: WriteTarget): FieldManager {
    let known = this.#known.get(target.served);
    if (known === undefined) this.#known.set(target.served, (known = new Map<string, FieldManager>()));
    let manager = known.get(target.subresource);
    if (manager === undefined) known.set(target.subresource, (manager = this.#make(target)));
    return manager;
  }

  #make({ served, subresource, strategy, view }: WriteTarget): FieldManager {
    const now = (): number => this.#clock.now();
    if (view !== undefined) {
      const apiVersion = apiVersionOf(view);
      const type = { atom: (at: string) => (at === apiVersion ? typeAtom(view.typeName) : undefined), convert: (o: object) => o };
      const empty = emptyObject(view.typeName, apiVersion, view.kind);
      const fields = fieldManager({ type, apiVersion, kind: view.kind, subresource, empty, now });
      return served.version.codec === undefined ? fields : unconverted(fields, apiVersion, view.kind);
    }
    const { apiVersion, definition, version } = served;
    const empty = emptyObject(version.codec === undefined ? version.typeName : undefined, apiVersion, definition.kind);
    return fieldManager({ type: versionedType(served, strategy), apiVersion, kind: definition.kind, subresource, empty, now });
  }
}

/**
 * Upstream converts what an apply makes of a custom resource's view as if it were of the resource's own versions, and fails:
 * an apply to a view passes only where it changes nothing.
 */
function unconverted(fields: FieldManager, apiVersion: string, kind: string): FieldManager {
  const fail = (what: string, about: string): ApiError => {
    const why = `to proper version: request to convert CR to an invalid group/version: ${apiVersion}`;
    return new ApiError(500, "", `failed to ${what} object (${about}; ${apiVersion}, Kind=${kind}) ${why}`);
  };
  const bare = (object: UnstructuredObject): UnstructuredObject => ({
    ...object,
    metadata: { ...object.metadata, managedFields: undefined },
  });
  return {
    ...fields,
    apply: (live, config, manager, force) => {
      const fits = config.apiVersion === apiVersion && config.kind === kind;
      if (fits && !live.metadata?.managedFields?.length) throw fail("create manager for existing fields: failed to convert live", "/");
      const result = fields.apply(live, config, manager, force);
      const { namespace = "", name = "" } = config.metadata ?? {};
      if (!jsonEqual(bare(result), bare(live))) throw fail("convert new", `${namespace}/${name}`);
      return result;
    },
  };
}

function emptyObject(typeName: string | undefined, apiVersion: string, kind: string): UnstructuredObject {
  const bare: UnstructuredObject = { apiVersion, kind };
  return deepFreeze(typeName === undefined ? bare : normalize<UnstructuredObject>(typeName, bare));
}

/** The kind at every version that its managers may stand at. */
function versionedType({ apiVersion: requested, definition }: Served, strategy: Strategy): VersionedType {
  const versions = new Map<string, Served>();
  for (const version of [...definition.versions, ...(definition.unservedVersions ?? [])]) {
    const served = new Served(definition, version);
    versions.set(served.apiVersion, served);
  }
  const atoms = new Map<string, Atom | undefined>();
  return {
    atom: (apiVersion) => {
      if (!atoms.has(apiVersion)) atoms.set(apiVersion, atomOf(versions.get(apiVersion)?.version));
      return atoms.get(apiVersion);
    },
    convert: (object, from, to) => convert(object as UnstructuredObject, versions.get(from), versions.get(to)),
    filters: strategy.resetFields?.(requested),
  };
}

function atomOf(version: ResourceVersion | undefined): Atom | undefined {
  if (version === undefined) return undefined;
  return version.codec === undefined ? typeAtom(version.typeName) : customResourceAtom(version.openApiSchema);
}

function convert(object: UnstructuredObject, from: Served | undefined, to: Served | undefined): UnstructuredObject {
  if (from === undefined || to === undefined) return object;
  const { converter } = to.definition;
  if (converter !== undefined) return converter.recall(object, to.apiVersion);
  const copy = from.version.toStorage === undefined ? { ...object } : mutable(object);
  return to.converted(from.toStorage(copy));
}

const printable = /[\p{L}\p{M}\p{N}\p{P}\p{S} ]/u;
const plain = /^[\x20-\x7e]{0,128}$/;
const longestManager = 128;

/** Who a write is by: the name that its options give, else what stands before the first slash of the User-Agent. */
export function managerOf(request: ApiRequest, fieldManager: string): string {
  if (fieldManager !== "") return fieldManager;
  const header = request.headers["user-agent"];
  const agent = (Array.isArray(header) ? header[0] : header) ?? "";
  const slash = agent.indexOf("/");
  const name = slash < 0 ? agent : agent.slice(0, slash);
  if (plain.test(name)) return name;
  let result = "";
  let length = 0;
  // Headers come as Latin-1; what they mean is UTF-8.
  for (const character of Buffer.from(name, "latin1").toString("utf8")) {
    if (!printable.test(character)) continue;
    length += Buffer.byteLength(character);
    if (length > longestManager) break;
    result += character;
  }
  return result;
}
