import { type FunctionTable, mergeFunctions, type Overload } from "./function.ts";
import type { Macro } from "./macros.ts";
import { BOOL, BYTES, type CelType, DOUBLE, DURATION, INT, LIST, MAP, NULL, STRING, TIMESTAMP, TYPE, UINT } from "./types.ts";

/** What an expression may use. */
export interface Environment {
  readonly macros: readonly Macro[];
  readonly functions: ReadonlyMap<string, readonly Overload[]>;
  /** Declared variables; their names may hold dots. */
  readonly variables: ReadonlyMap<string, CelType>;
  /** Object types by name, with the types of their fields. */
  readonly objects: ReadonlyMap<string, ReadonlyMap<string, CelType>>;
  /** Names that stand for types. */
  readonly types: ReadonlyMap<string, CelType>;
  /** Names are looked up in this namespace first, then in those around it. */
  readonly container: string;
  /** Literals are looked at before evaluation, as in Kubernetes: one type in a list or map; patterns, durations and timestamps that can be read. */
  readonly checkedLiterals: boolean;
  /** Fields may be named in backticks. Kubernetes has that off. */
  readonly quotedNames: boolean;
}

export interface EnvironmentOptions {
  readonly macros?: readonly (readonly Macro[])[];
  readonly functions?: readonly FunctionTable[];
  readonly variables?: Readonly<Record<string, CelType>>;
  readonly objects?: Readonly<Record<string, Readonly<Record<string, CelType>>>>;
  /** Types of libraries, which can be named in expressions. */
  readonly types?: readonly CelType[];
  readonly container?: string;
  /** Default false. */
  readonly checkedLiterals?: boolean;
  /** Default true. */
  readonly quotedNames?: boolean;
}

const STANDARD_TYPES: readonly CelType[] = [BOOL, BYTES, DOUBLE, DURATION, INT, LIST, MAP, NULL, STRING, TIMESTAMP, TYPE, UINT];

/** Puts libraries and declarations together. */
export function environment(options: EnvironmentOptions): Environment {
  const types = [...STANDARD_TYPES, ...(options.types ?? [])];
  const objects = Object.entries(options.objects ?? {}).map(([name, fields]) => [name, new Map(Object.entries(fields))] as const);
  return {
    macros: (options.macros ?? []).flat(),
    functions: mergeFunctions(options.functions ?? []),
    variables: new Map(Object.entries(options.variables ?? {})),
    objects: new Map(objects),
    types: new Map(types.map((type) => [type.name, type])),
    container: options.container ?? "",
    checkedLiterals: options.checkedLiterals ?? false,
    quotedNames: options.quotedNames ?? true,
  };
}

/** The names that a name may mean, the innermost namespace first; a leading dot means the outermost only. */
export function candidates(container: string, name: string): string[] {
  if (name.startsWith(".")) return [name.slice(1)];
  const found: string[] = [];
  for (let at = container; at !== ""; at = at.slice(0, Math.max(0, at.lastIndexOf(".")))) found.push(`${at}.${name}`);
  found.push(name);
  return found;
}
