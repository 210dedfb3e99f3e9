import { CelError, noSuchOverload } from "./errors.ts";
import type { CelType } from "./types.ts";
import { CelDuration, CelTimestamp, type CelValue, typeOfValue } from "./values.ts";

/** One signature of a function and what it does. */
export interface Overload {
  /** Unique within the environment, as cel-go names it; cost tables go by it. */
  readonly id: string;
  /** Called as `x.f(y)`; the first argument is x. */
  readonly member: boolean;
  readonly args: readonly CelType[];
  readonly result: CelType;
  call(...args: CelValue[]): CelValue;
}

export type FunctionTable = Readonly<Record<string, readonly Overload[]>>;

type Implementation = (...args: never[]) => CelValue;

/** The type of each argument is what the declaration says: overloads are chosen by it before they are called. */
function overload(id: string, member: boolean, args: readonly CelType[], result: CelType, call: Implementation): Overload {
  return { id, member, args, result, call: call as (...args: CelValue[]) => CelValue };
}

/** `f(x, y)`. */
export function global(id: string, args: readonly CelType[], result: CelType, call: Implementation): Overload {
  return overload(id, false, args, result, call);
}

/** `x.f(y)`, where `args[0]` is the type of x. */
export function method(id: string, args: readonly CelType[], result: CelType, call: Implementation): Overload {
  return overload(id, true, args, result, call);
}

/** One table of several; overloads of one name come together in the order of the tables. */
export function mergeFunctions(tables: readonly FunctionTable[]): ReadonlyMap<string, readonly Overload[]> {
  const merged = new Map<string, readonly Overload[]>();
  for (const table of tables) {
    for (const [name, overloads] of Object.entries(table)) merged.set(name, [...(merged.get(name) ?? []), ...overloads]);
  }
  return merged;
}

/** Whether an argument may be given to a parameter declared so; elements of lists and maps are not looked at. */
function accepts(type: CelType, value: CelValue): boolean {
  if (type.kind === "dyn" || type.kind === "param") return true;
  const actual = typeOfValue(value);
  if (type.kind === "map") return actual.kind === "map" || actual.kind === "object";
  if (type.kind !== actual.kind) return false;
  return type.kind === "opaque" || type.kind === "object" ? type.name === actual.name : true;
}

/** Calls the first overload that takes these arguments. Throws CelError where none does. */
export function dispatch(name: string, overloads: readonly Overload[], args: readonly CelValue[]): CelValue {
  for (const candidate of overloads) {
    if (candidate.args.length !== args.length) continue;
    let fits = true;
    for (let i = 0; fits && i < args.length; i++) fits = accepts(candidate.args[i] as CelType, args[i] as CelValue);
    if (fits) return candidate.call(...args);
  }
  throw mismatch(name, args);
}

/** Functions of strings and times that cel-go's values have themselves. */
const OF_VALUES = /^(?:[@_!-]|(?:startsWith|endsWith|contains|matches)$|get(?:FullYear|Month|Day|Date|Hours|Minutes|Seconds|Milli))/u;

/** Operators and what values do themselves say less than functions do. */
function mismatch(name: string, args: readonly CelValue[]): CelError {
  const receives = typeof args[0] === "string" || args[0] instanceof CelTimestamp || args[0] instanceof CelDuration;
  if (name === "size" || (name === "-_" && !receives)) return new CelError(`no such overload: ${name}`);
  if (OF_VALUES.test(name)) return noSuchOverload();
  return new CelError(`no such overload: ${name}(${args.map((arg) => typeOfValue(arg).name).join(", ")})`);
}
