/** Runs a sequence against a server in a namespace of its own. */
import { type Answer, scrub, type Sequence, type Step } from "./sequences.ts";

// With a vowel, which no random name has: those are scrubbed.
const namespace = `apply-${process.pid}a`;

const named = (value: unknown): unknown => JSON.parse(JSON.stringify(value).replaceAll("NS", namespace)) as unknown;
const unnamed = (value: unknown): unknown => JSON.parse(JSON.stringify(value).replaceAll(namespace, "NS")) as unknown;

/** The answers, in order and scrubbed. What the sequence needs is made before and removed afterwards. */
export async function replay({ steps, definition }: Sequence, ask: (step: Step) => Promise<Answer>): Promise<Answer[]> {
  const crds = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
  await ask({ method: "POST", path: "/api/v1/namespaces", body: { metadata: { name: namespace } } });
  if (definition !== undefined) await define(definition as Definition, crds, ask);
  try {
    const answers: Answer[] = [];
    for (const one of steps) {
      const { body, ...answer } = await ask(named(one) as Step);
      answers.push(unnamed({ ...answer, body: scrub(body) }) as Answer);
    }
    return answers;
  } finally {
    if (definition !== undefined) await ask({ method: "DELETE", path: `${crds}/${(definition as Definition).metadata.name}` });
  }
}

interface Definition {
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly group: string;
    readonly names: { readonly plural: string };
    readonly versions: readonly { readonly name: string }[];
  };
}

/** Resolves when every version is served. */
async function define(definition: Definition, crds: string, ask: (step: Step) => Promise<Answer>): Promise<void> {
  for (;;) {
    const { status, body } = await ask({ method: "POST", path: crds, body: definition });
    if (status === 201) break;
    // One from before may still be going.
    if (status !== 409) throw new Error(JSON.stringify(body));
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  const { group, names, versions } = definition.spec;
  for (const { name } of versions) {
    while ((await ask({ method: "GET", path: `/apis/${group}/${name}/namespaces/${namespace}/${names.plural}` })).status !== 200)
      await new Promise((resolve) => setTimeout(resolve, 200));
  }
}
