/** Calls of functions: which overload, and what it costs. */
import { dispatch, type Overload } from "./function.ts";
import { regex } from "./functions/text.ts";
import type { Planned, Step } from "./planned.ts";
import { type CallCost, callCost, PRICED_BY_RESULT } from "./runtime-cost.ts";
import type { CelType } from "./types.ts";
import { type CelValue, keyText } from "./values.ts";

export interface Invocation {
  readonly name: string;
  /** The one overload that the checker found; empty where several may be meant. */
  readonly id: string;
  readonly overloads: readonly Overload[];
  readonly args: readonly Planned[];
  /** The types of the arguments, as far as they are known. */
  readonly types: readonly (CelType | undefined)[];
}

export function planInvocation(call: Invocation): Planned {
  if (call.id === "in_list") {
    const member = membership(call);
    if (member) return member;
  }
  // A pattern that is known already is read before evaluation.
  const pattern = PATTERNS.has(call.name) ? call.args[1]?.constant : undefined;
  if (typeof pattern === "string") regex(pattern);
  const cost = callCost(call.name, call.id);
  const invoke = invoker(call);
  const steps = call.args.map((arg) => arg.run);
  return { run: PRICED_BY_RESULT.has(call.name) ? payingForResult(invoke, steps, cost) : paying(invoke, steps, cost) };
}

/** Functions whose second argument is a regular expression. */
const PATTERNS = new Set(["matches", "find", "findAll"]);

type Invoke = (...args: CelValue[]) => CelValue;

/** The overload itself where the types are certain, else the choice among all of them. */
function invoker({ name, id, overloads, types }: Invocation): Invoke {
  const only = overloads[0];
  if (id !== "" && only && only.args.every((wanted, i) => certain(wanted, types[i]))) return only.call;
  return (...args) => dispatch(name, overloads, args);
}

function certain(wanted: CelType, given: CelType | undefined): boolean {
  if (wanted.kind === "dyn" || wanted.kind === "param") return true;
  return given !== undefined && given.kind === wanted.kind && given.name === wanted.name;
}

function paying(invoke: Invoke, steps: readonly Step[], cost: CallCost): Step {
  const price = typeof cost === "number" ? cost : undefined;
  const priceOf = cost as Exclude<CallCost, number>;
  const [x, y] = steps as [Step, Step];
  switch (steps.length) {
    case 1:
      return (frame) => {
        const a = x(frame);
        frame.meter.add(price ?? priceOf([a], null));
        return invoke(a);
      };
    case 2:
      return (frame) => {
        const a = x(frame);
        const b = y(frame);
        frame.meter.add(price ?? priceOf([a, b], null));
        return invoke(a, b);
      };
    default:
      return (frame) => {
        const args = steps.map((step) => step(frame));
        frame.meter.add(price ?? priceOf(args, null));
        return invoke(...args);
      };
  }
}

function payingForResult(invoke: Invoke, steps: readonly Step[], cost: CallCost): Step {
  return (frame) => {
    const args = steps.map((step) => step(frame));
    const result = invoke(...args);
    frame.meter.add(typeof cost === "number" ? cost : cost(args, result));
    return result;
  };
}

/** `x in [1, 2]`: a constant list of scalars is a set, and looking into it costs nothing. */
function membership({ args }: Invocation): Planned | undefined {
  const list = args[1]?.constant as readonly CelValue[] | undefined;
  if (list === undefined) return undefined;
  if (list.length === 0) return { run: () => false, constant: false };
  const known = new Set<string>();
  for (const element of list) {
    const text = keyText(element);
    if (text === undefined) return undefined;
    known.add(text);
  }
  const value = (args[0] as Planned).run;
  return {
    run: (frame) => {
      const given = value(frame);
      const text = keyText(given);
      return text !== undefined && known.has(text);
    },
  };
}
