/** One kind's cases, asked of both servers with a few in flight. */
import { applyCases, comparesManagers } from "./apply-cases.ts";
import { collectionPath, type TestedKind } from "./bases.ts";
import type { Answer, Case, Server } from "./case.ts";
import { chance } from "./choose.ts";
import { canonical } from "./compare.ts";
import { createCases } from "./create-cases.ts";
import { customCases } from "./custom-cases.ts";
import { normalAnswer } from "./normal.ts";
import { keyOf, ReferenceCache } from "./reference-cache.ts";
import { patchCases } from "./patch-cases.ts";
import { type Phase, Recorder } from "./recording.ts";
import { pairsOf, type Report } from "./report.ts";
import { type Identity, nameOf, placed, remove, store, type StoredObject } from "./setup.ts";
import { updateCases } from "./update-cases.ts";
import { verbCases } from "./verb-cases.ts";

export const parts = ["create", "apply", "custom", "update", "patch", "verb"] as const;
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
  /** Cases whose title contains it are asked of the reference anew. */
  readonly refresh: string | undefined;
  readonly concurrency: number;
  readonly managedFields: boolean;
  /** Keep a part of the cases in `recorded/`. */
  readonly record: boolean;
}

/** Resolves with the number of cases. */
export async function runKind(kind: TestedKind, options: RunOptions): Promise<number> {
  const { theirs, ours } = options;
  const cache = new ReferenceCache(options.cache, kind.id);
  const places = { theirs: new Map<string, Identity>(), ours: new Map<string, Identity>() };
  let count = 0;
  const recorder = options.record ? new Recorder() : undefined;
  let phase: Phase = "create";
  let context = "";
  const one = async (next: Case): Promise<void> => {
    count++;
    const key = keyOf(next, context);
    const stale = options.refresh !== undefined && next.title.includes(options.refresh);
    const known = stale ? undefined : cache.get(key);
    const [wanted, got] = await Promise.all([known ?? askAll(theirs, next, places.theirs), askAll(ours, next, places.ours)]);
    if (known === undefined) cache.put(key, wanted);
    const normal = (answers: readonly Answer[]): Answer[] =>
      answers.map((a) => normalAnswer(a, next, options.managedFields || comparesManagers(next.title)));
    const [upstream, mine] = [normal(wanted), normal(got)];
    const equal = options.report.add(next, upstream, mine);
    if (wanted.every((a) => a.status > 0)) {
      recorder?.add(
        { phase, one: next, answers: upstream },
        upstream.flatMap((a) => pairsOf(next, a)),
        equal,
      );
    }
  };
  const run = (cases: Iterable<Case>): Promise<void> => each(chosen(cases, options), options.concurrency, one);
  const paths = kind.bases.slice(0, kind.own).map((base) => `${collectionPath(kind)}/${nameOf(base)}`);
  for (const path of paths) await remove(theirs, path);
  if (options.parts.includes("create")) await run(createCases(kind));
  // Sequences store what they work on: one after the other.
  if (options.parts.includes("apply")) await each(chosen(applyCases(kind, options.seed), options), 1, one);
  if (options.parts.includes("custom") && kind.row.resource === "customresourcedefinitions")
    await each(chosen(customCases(), options), 1, one);
  if (options.parts.some((p) => p === "update" || p === "patch" || p === "verb")) {
    const stored: StoredObject[] = [];
    for (const base of kind.bases.slice(0, kind.own)) {
      const mine = await store(ours, kind, base, places.ours);
      const upstream = await store(theirs, kind, base, places.theirs);
      if (upstream !== undefined) stored.push(upstream);
      if ((mine === undefined) !== (upstream === undefined)) console.error(`${kind.id} ${nameOf(base)}: only one server stored it`);
    }
    context = canonical(stored);
    phase = "stored";
    for (const [i, object] of stored.entries()) {
      if (options.parts.includes("update")) await run(updateCases(kind, object, i === 0, options.seed));
    }
    const first = stored[0];
    if (first !== undefined && options.parts.includes("patch")) await run(patchCases(kind, first, options.seed));
    if (first !== undefined && options.parts.includes("verb")) await run(verbCases(kind, first));
    for (const path of paths) await Promise.all([remove(theirs, path), remove(ours, path)]);
  }
  cache.flush();
  recorder?.write(kind.id, kind.bases.slice(0, kind.own));
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

/** A list of what is about to be served; half a minute at most. */
async function served(server: Server, path: string): Promise<Answer> {
  for (let tries = 0; ; tries++) {
    const answer = await server.ask({ method: "GET", path });
    if (answer.status === 200 || answer.status === 0 || tries === 150) return answer;
    await new Promise((done) => setTimeout(done, 200));
  }
}

/** Sends a case; the answers as they came. */
export async function askAll(server: Server, { requests }: Case, places: ReadonlyMap<string, Identity>): Promise<Answer[]> {
  const answers: Answer[] = [];
  for (const request of requests) {
    answers.push(request.method === "AWAIT" ? await served(server, request.path) : await server.ask(placed(request, places)));
  }
  return answers;
}

async function each<T>(items: Iterator<T> & Iterable<T>, concurrency: number, run: (item: T) => Promise<void>): Promise<void> {
  const worker = async (): Promise<void> => {
    for (let next = items.next(); next.done !== true; next = items.next()) await run(next.value);
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
}
