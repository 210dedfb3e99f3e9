/** Ways into values, as cel-go's attributes walk them. */
import { CelError, noSuchOverload } from "./errors.ts";
import type { Attribute, Frame, Planned, Qualifier, Step } from "./planned.ts";
import { CelMap, CelOptional, CelUint, type CelValue, isList, typeOfValue } from "./values.ts";

const NONE: CelOptional = new CelOptional(undefined);

/** A variable, or the value of a call, with the way into it. */
export function plainAttribute(root: Step, qualifiers: readonly Qualifier[] = []): Attribute {
  return {
    resolve: walker(root, qualifiers),
    costs: true,
    with: (qualifier) => plainAttribute(root, [...qualifiers, qualifier]),
  };
}

/** `c ? a : b`: a way into it goes into both branches. */
export function conditionalAttribute(condition: Step, yes: Attribute, no: Attribute): Attribute {
  return {
    resolve: (frame) => {
      const value = condition(frame);
      if (value === true) return yes.resolve(frame);
      if (value === false) return no.resolve(frame);
      throw noSuchOverload();
    },
    costs: false,
    with: (qualifier) => conditionalAttribute(condition, yes.with(qualifier), no.with(qualifier)),
  };
}

/** The attribute as a node. With `test` at the end of its way it costs one less. */
export function plannedAttribute(attribute: Attribute, test = false): Planned {
  const { resolve } = attribute;
  const run: Step =
    attribute.costs && !test
      ? (frame) => {
          frame.meter.add(1);
          return resolve(frame);
        }
      : resolve;
  return { run, attribute };
}

function walker(root: Step, qualifiers: readonly Qualifier[]): Step {
  const [first] = qualifiers;
  if (first === undefined) return root;
  // The usual way has neither optional steps nor tests, and comes upon no optional values.
  if (qualifiers.every((q) => !q.optional && !q.test)) {
    const keys = qualifiers.map((q) => q.key);
    return (frame) => {
      let value = root(frame);
      for (let i = 0; i < keys.length; i++) {
        if (value instanceof CelOptional) return walkOptional(value, qualifiers, i, frame);
        frame.meter.add(1);
        value = required(value, (keys[i] as Step)(frame));
      }
      return value;
    };
  }
  return (frame) => {
    let value = root(frame);
    for (const [i, q] of qualifiers.entries()) {
      if (q.optional || value instanceof CelOptional) return walkOptional(value, qualifiers, i, frame);
      frame.meter.add(1);
      const key = q.key(frame);
      value = q.test ? found(value, key) !== undefined : required(value, key);
    }
    return value;
  };
}

/** From an optional step on the result is an optional, and what is missing is none. A step that finds nothing costs nothing. */
function walkOptional(start: CelValue, qualifiers: readonly Qualifier[], from: number, frame: Frame): CelValue {
  let value = start;
  if (value instanceof CelOptional) {
    if (value.value === undefined) return qualifiers.at(-1)?.test ? false : value;
    value = value.value;
  }
  for (let i = from; i < qualifiers.length; i++) {
    const q = qualifiers[i] as Qualifier;
    const next = found(value, q.key(frame));
    if (next === undefined) {
      if (q.test) frame.meter.add(1);
      return qualifiers.at(-1)?.test ? false : NONE;
    }
    frame.meter.add(1);
    if (q.test) return true;
    value = next;
  }
  return new CelOptional(value);
}

function required(value: CelValue, key: CelValue): CelValue {
  const next = found(value, key);
  if (next === undefined) throw missing(value, key);
  return next;
}

/** Undefined where there is nothing under the key. Throws CelError for an index that lists cannot have. */
function found(value: CelValue, key: CelValue): CelValue | undefined {
  if (value instanceof CelMap) return value.get(key);
  if (isList(value)) return value[indexOf(key)];
  return undefined;
}

function indexOf(key: CelValue): number {
  if (typeof key === "bigint") return Number(key);
  if (key instanceof CelUint) return Number(key.value);
  if (typeof key === "number") {
    if (!Number.isInteger(key)) throw new CelError(`unsupported index value ${key} in list`);
    return key;
  }
  throw new CelError(`unsupported index type '${typeOfValue(key).name}' in list`);
}

function missing(value: CelValue, key: CelValue): CelError {
  return new CelError(`${isList(value) ? "index out of bounds" : "no such key"}: ${keyName(key)}`);
}

export function keyName(key: CelValue): string {
  if (key instanceof CelUint) return String(key.value);
  return typeof key === "string" || typeof key === "bigint" || typeof key === "number" || typeof key === "boolean" ? String(key) : "";
}
