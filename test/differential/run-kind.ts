/** One kind's cases, asked of both servers with a few in flight. */
import type { TestedKind } from "./bases.ts";
import type { Answer, Case, Server } from "./case.ts";
import { chance } from "./choose.ts";
import { createCases } from "./create-cases.ts";
import { normalAnswer } from "./normal.ts";
import { keyOf, ReferenceCache } from "./reference-cache.ts";
import type { Report } from "./report.ts";

export const parts = ["create"] as const;
export type Part = (typeof parts)[number];

export interface RunOptions {
  readonly theirs: Server;
  readonly ours: Server;
  readonly report: Report;
  readonly parts: readonly Part[];
  readonly seed: number;
  /** Of the cases, between 0 and 1. */
  readonly share: number;
  /** Only cases whose title contains it. */
  readonly match: string | undefined;
  readonly cache: string | undefined;
  readonly concurrency: number;
  readonly managedFields: boolean;
}

/** Resolves with the number of cases. */
export async function runKind(kind: TestedKind, options: RunOptions): Promise<number> {
  const cache = new ReferenceCache(options.cache, kind.id);
  let count = 0;
  const one = async (next: Case): Promise<void> => {
    count++;
    const key = keyOf(next, "");
    const known = cache.get(key);
    const [theirs, ours] = await Promise.all([known ?? askAll(options.theirs, next), askAll(options.ours, next)]);
    if (known === undefined) cache.put(key, theirs);
    const normal = (answers: readonly Answer[]): Answer[] => answers.map((a) => normalAnswer(a, next, options.managedFields));
    options.report.add(next, normal(theirs), normal(ours));
  };
  if (options.parts.includes("create")) await each(chosen(createCases(kind), options), options.concurrency, one);
  cache.flush();
  return count;
}

/** Of the fields of pod templates, which pods themselves are asked about whole. */
const templateShare = 0.05;

function* chosen(cases: Iterable<Case>, options: RunOptions): Generator<Case> {
  for (const one of cases) {
    if (options.match !== undefined && !one.title.includes(options.match)) continue;
    const share = /template\.spec\./i.test(one.title) ? options.share * templateShare : options.share;
    if (share >= 1 || chance(`${one.kind} ${one.title}`, options.seed) < share) yield one;
  }
}

async function askAll(server: Server, { requests }: Case): Promise<Answer[]> {
  const answers: Answer[] = [];
  for (const request of requests) answers.push(await server.ask(request));
  return answers;
}

async function each<T>(items: Iterator<T> & Iterable<T>, concurrency: number, run: (item: T) => Promise<void>): Promise<void> {
  const worker = async (): Promise<void> => {
    for (let next = items.next(); next.done !== true; next = items.next()) await run(next.value);
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
}
