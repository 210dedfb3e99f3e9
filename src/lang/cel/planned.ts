/** What an expression becomes before it is evaluated. */
import type { CostMeter } from "./cost.ts";
import { CelError } from "./errors.ts";
import type { CelValue } from "./values.ts";

/** What changes from one evaluation to the next. */
export interface Frame {
  readonly variable: (name: string) => CelValue | undefined;
  readonly locals: Local[];
  readonly meter: CostMeter;
}

/** An accumulator may hold the error that it met; a bound name holds undefined until its value is asked for. */
export type Local = CelValue | CelError | undefined;

export type Step = (frame: Frame) => CelValue;

/** A node made ready. */
export interface Planned {
  readonly run: Step;
  /** Set where the value is known already; evaluating it costs nothing. */
  readonly constant?: CelValue;
  /** Set of names, selections and conditionals: what follows is added to it. */
  readonly attribute?: Attribute;
}

/**
 * A value and the way into it: `a.b[c]`. As in cel-go the way costs one for each step and the whole one more, which is not
 * asked for where the attribute is the branch of a conditional or an index.
 */
export interface Attribute {
  /** The value, without the cost of the whole. */
  readonly resolve: Step;
  /** Whether the whole costs one more. */
  readonly costs: boolean;
  with(qualifier: Qualifier): Attribute;
}

/** One step of an attribute's way. */
export interface Qualifier {
  /** The key of the step. */
  readonly key: Step;
  readonly optional: boolean;
  /** Asks only whether the key is there; gives a bool. */
  readonly test: boolean;
}

/** Names bound by macros and where they lie. */
export interface Scope {
  readonly name: string;
  readonly slot: number;
  /** An accumulator that only grows is appended to in place. */
  readonly grows: boolean;
  /** May hold an error, which comes up when it is read. */
  readonly fails: boolean;
  /** Evaluated when it is read first. */
  readonly lazy: Step | undefined;
  readonly outer: Scope | undefined;
}

export function lookup(scope: Scope | undefined, name: string): Scope | undefined {
  for (let s = scope; s; s = s.outer) if (s.name === name) return s;
  return undefined;
}

/** A value or the error in its place. */
export function attempt(step: Step, frame: Frame): CelValue | CelError {
  try {
    return step(frame);
  } catch (error) {
    if (error instanceof CelError) return error;
    throw error;
  }
}
