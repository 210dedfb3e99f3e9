/** The expression cannot be read or does not type-check. `pos` is an offset in UTF-16 units into the source. */
export class CelSyntaxError extends Error {
  override readonly name = "CelSyntaxError";
  readonly pos: number;
  /** All that is wrong with the text; the first of it is the message. */
  readonly problems: readonly Problem[];
  constructor(message: string, pos: number, problems: readonly Problem[] = [{ message, pos }]) {
    super(message);
    this.pos = pos;
    this.problems = problems;
  }
}

/** Evaluation failed: absorbed by `&&`, `||` and the macros built on them where the other side decides. */
export class CelError extends Error {
  override readonly name = "CelError";
}

/** No overload of the function takes these arguments. */
export function noSuchOverload(): CelError {
  return new CelError("no such overload");
}

/** What the checker has to say against an expression. */
export interface Problem {
  readonly message: string;
  /** Offset in UTF-16 units into the source. */
  readonly pos: number;
}
