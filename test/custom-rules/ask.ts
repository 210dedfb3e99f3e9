/**
 * Runs the sequences: what is kept of an answer is whether it was taken, and of refusals all of it. Upstream names the type
 * of `self` by the time, and tells warnings in the order of Go's maps.
 */
import { replay } from "../apply/replay.ts";
import type { Answer, Sequence, Step } from "../apply/sequences.ts";

type Ask = (step: Step) => Promise<Answer>;

/** `WAIT` creates until it is refused: a schema is served some time after it was written. */
function waiting(ask: Ask): Ask {
  return async (step) => {
    if (step.method !== "WAIT") return ask(step);
    for (;;) {
      const answer = await ask({ ...step, method: "POST", path: `${step.path}?dryRun=All` });
      if (answer.status === 422) return answer;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  };
}

export async function run(sequence: Sequence, ask: Ask): Promise<Answer[]> {
  const answers = await replay(sequence, waiting(ask));
  return answers.map((answer) => sorted(answer.status < 300 ? { ...answer, body: "taken" } : named(answer)));
}

function named(answer: Answer): Answer {
  return JSON.parse(JSON.stringify(answer).replaceAll(/selfType\d+/g, "selfType")) as Answer;
}

function sorted({ warning, ...rest }: Answer): Answer {
  if (warning === undefined) return rest;
  const warnings = warning.split(/(?:^|, )299 - /).filter((text) => text !== "");
  return { ...rest, warning: warnings.toSorted().join("; ") };
}
