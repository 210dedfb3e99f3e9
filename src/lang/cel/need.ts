/** Questions that an expression has for the world outside: thrown, answered by the caller, and asked again. */

/** Thrown out of an evaluation that cannot go on without an answer. No expression absorbs it. */
export class Need<Request = unknown> extends Error {
  override readonly name = "Need";
  readonly request: Request;
  constructor(request: Request) {
    super("an answer from outside is needed");
    this.request = request;
  }
}

/** The answers so far, by the questions' JSON. */
export class Answers<Request, Answer> {
  readonly #known = new Map<string, Answer>();
  of(request: Request): Answer | undefined {
    return this.#known.get(JSON.stringify(request));
  }
  remember(request: Request, answer: Answer): void {
    this.#known.set(JSON.stringify(request), answer);
  }
}

/**
 * Runs `evaluate` until it has all its answers: whatever it needs is asked for, remembered, and it runs again from the
 * start. Synchronous as long as nothing is needed: the first run's value comes without a promise.
 */
export function withAnswers<Value, Request, Answer>(
  evaluate: () => Value,
  answers: Answers<Request, Answer>,
  ask: (request: Request) => Answer | Promise<Answer>,
): Value | Promise<Value> {
  for (;;) {
    let need: Need<Request>;
    try {
      return evaluate();
    } catch (error) {
      if (!(error instanceof Need)) throw error;
      need = error as Need<Request>;
    }
    const answer = ask(need.request);
    if (!(answer instanceof Promise)) {
      answers.remember(need.request, answer);
      continue;
    }
    return answer.then((given) => {
      answers.remember(need.request, given);
      return withAnswers(evaluate, answers, ask);
    });
  }
}
