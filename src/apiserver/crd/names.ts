/** Which of its names a CustomResourceDefinition gets: each is given to the first that asks, in its group. Pure. */
import type { CustomResourceDefinition, CustomResourceDefinitionNames as Names } from "../../schema/types/apiextensions-v1.ts";
import type { NewCondition } from "./conditions.ts";

export interface NamesDecision {
  readonly accepted: Names;
  readonly condition: NewCondition;
}

/** Names that others hold. Resources have one space (plural, singular, short), kinds another. */
interface Taken {
  readonly resources: ReadonlySet<string>;
  readonly kinds: ReadonlySet<string>;
}

function takenBy(others: readonly CustomResourceDefinition[]): Taken {
  const names = others.flatMap((o) => (o.status?.acceptedNames === undefined ? [] : [o.status.acceptedNames]));
  const present = (list: (string | undefined)[]): string[] => list.filter((n): n is string => n !== undefined && n !== "");
  return {
    resources: new Set(present(names.flatMap((n) => [n.plural, n.singular, ...(n.shortNames ?? [])]))),
    kinds: new Set(present(names.flatMap((n) => [n.kind, n.listKind]))),
  };
}

/** `others`: the definitions of the same group. A name that is taken stays as it was accepted before. */
export function decideNames(crd: CustomResourceDefinition, others: readonly CustomResourceDefinition[]): NamesDecision {
  const taken = takenBy(others);
  const wanted = crd.spec.names;
  const before: Names = crd.status?.acceptedNames ?? { kind: "", plural: "" };
  const accepted: Names = { ...before };
  let refused: { reason: string; message: string } | undefined;

  const claim = (key: "plural" | "singular" | "kind" | "listKind", space: ReadonlySet<string>, reason: string): void => {
    const name = wanted[key];
    if (name !== undefined && name !== (before[key] ?? "") && space.has(name)) refused = { reason, message: inUse(name) };
    else if (name !== undefined) accepted[key] = name;
  };
  claim("plural", taken.resources, "PluralConflict");
  claim("singular", taken.resources, "SingularConflict");
  const own = new Set(before.shortNames ?? []);
  const lost = (wanted.shortNames ?? []).filter((n) => !own.has(n) && taken.resources.has(n)).map(inUse);
  if (lost.length > 0) {
    refused = { reason: "ShortNamesConflict", message: lost.length === 1 ? (lost[0] as string) : `[${lost.join(", ")}]` };
  } else if (wanted.shortNames === undefined) delete accepted.shortNames;
  else accepted.shortNames = wanted.shortNames;
  claim("kind", taken.kinds, "KindConflict");
  claim("listKind", taken.kinds, "ListKindConflict");
  if (wanted.categories === undefined) delete accepted.categories;
  else accepted.categories = wanted.categories;

  const condition: NewCondition =
    refused === undefined
      ? { type: "NamesAccepted", status: "True", reason: "NoConflicts", message: "no conflicts found" }
      : { type: "NamesAccepted", status: "False", ...refused };
  return { accepted, condition };
}

const inUse = (name: string): string => `${JSON.stringify(name)} is already in use`;
