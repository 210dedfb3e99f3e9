/** Several errors as one, as Go's `utilerrors.Aggregate` prints them. */

/** Errors of several authenticators or authorizers. Its message shows each text once, in brackets when there are more than one. */
export class CombinedError extends Error {
  readonly errors: readonly Error[];

  constructor(errors: readonly Error[]) {
    const flat = errors.flatMap((e) => (e instanceof CombinedError ? e.errors : [e]));
    const texts = [...new Set(flat.map((e) => e.message))];
    super(texts.length === 1 ? texts[0] : `[${texts.join(", ")}]`);
    this.errors = flat;
  }
}

/** The one error, or all of them as one. `errors` must not be empty. */
export function combined(errors: readonly Error[]): Error {
  return errors.length === 1 ? (errors[0] as Error) : new CombinedError(errors);
}

/** A thrown value as an Error; what is none is a broken invariant and thrown on. */
export function asError(thrown: unknown): Error {
  if (thrown instanceof Error) return thrown;
  throw thrown;
}
