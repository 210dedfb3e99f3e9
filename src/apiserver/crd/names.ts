/** Which of its names a CustomResourceDefinition gets: each is given to the first that asks, in its group. Pure. */
import type { CustomResourceDefinition, CustomResourceDefinitionNames as Names } from "../../schema/types/apiextensions-v1.ts";
import type { NewCondition } from "./conditions.ts";

export interface NamesDecision {
  readonly accepted: Names;
  readonly condition: NewCondition;
}

type Space = "resource" | "kind";

/**
 * Who holds which names. Resources have one space in a group (plural, singular, short), kinds another. Looking a name up
 * costs the same however many definitions there are.
 */
export class HeldNames {
  readonly #holders = new Map<string, Set<string>>();
  readonly #keys = new Map<string, readonly string[]>();

  /** Takes note of the names that `crd` has been given; those it had before are free. */
  set(crd: CustomResourceDefinition): void {
    const holder = crd.metadata?.name ?? "";
    this.delete(holder);
    const keys = keysOf(crd);
    if (keys.length === 0) return;
    this.#keys.set(holder, keys);
    for (const key of keys) {
      const holders = this.#holders.get(key);
      if (holders === undefined) this.#holders.set(key, new Set([holder]));
      else holders.add(holder);
    }
  }

  /** `holder`: the name of a definition that is gone. */
  delete(holder: string): void {
    for (const key of this.#keys.get(holder) ?? []) {
      const holders = this.#holders.get(key);
      holders?.delete(holder);
      if (holders?.size === 0) this.#holders.delete(key);
    }
    this.#keys.delete(holder);
  }

  /** Whether a definition other than `crd` holds the name in its group. */
  othersHold(crd: CustomResourceDefinition, space: Space, name: string): boolean {
    const holders = this.#holders.get(keyOf(crd.spec.group, space, name));
    return holders !== undefined && (holders.size > 1 || !holders.has(crd.metadata?.name ?? ""));
  }
}

const keyOf = (group: string, space: Space, name: string): string => `${group} ${space} ${name}`;

function keysOf({ spec, status }: CustomResourceDefinition): string[] {
  const names = status?.acceptedNames;
  if (names === undefined) return [];
  const keys = (space: Space, list: readonly (string | undefined)[]): string[] =>
    list.flatMap((name) => (name ? [keyOf(spec.group, space, name)] : []));
  const resources = keys("resource", [names.plural, names.singular, ...(names.shortNames ?? [])]);
  return [...new Set([...resources, ...keys("kind", [names.kind, names.listKind])])];
}

/** A name that is taken stays as it was accepted before. */
export function decideNames(crd: CustomResourceDefinition, held: HeldNames): NamesDecision {
  const wanted = crd.spec.names;
  const before: Names = crd.status?.acceptedNames ?? { kind: "", plural: "" };
  const accepted: Names = { ...before };
  let refused: { reason: string; message: string } | undefined;

  const claim = (key: "plural" | "singular" | "kind" | "listKind", space: Space, reason: string): void => {
    const name = wanted[key];
    if (name !== undefined && name !== (before[key] ?? "") && held.othersHold(crd, space, name)) refused = { reason, message: inUse(name) };
    else if (name !== undefined) accepted[key] = name;
  };
  claim("plural", "resource", "PluralConflict");
  claim("singular", "resource", "SingularConflict");
  const own = new Set(before.shortNames ?? []);
  const lost = (wanted.shortNames ?? []).filter((n) => !own.has(n) && held.othersHold(crd, "resource", n)).map(inUse);
  if (lost.length > 0) {
    refused = { reason: "ShortNamesConflict", message: lost.length === 1 ? (lost[0] as string) : `[${lost.join(", ")}]` };
  } else if (wanted.shortNames === undefined) delete accepted.shortNames;
  else accepted.shortNames = wanted.shortNames;
  claim("kind", "kind", "KindConflict");
  claim("listKind", "kind", "ListKindConflict");
  if (wanted.categories === undefined) delete accepted.categories;
  else accepted.categories = wanted.categories;

  const condition: NewCondition =
    refused === undefined
      ? { type: "NamesAccepted", status: "True", reason: "NoConflicts", message: "no conflicts found" }
      : { type: "NamesAccepted", status: "False", ...refused };
  return { accepted, condition };
}

const inUse = (name: string): string => `${JSON.stringify(name)} is already in use`;
