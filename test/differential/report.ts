/** Counts what was covered and what was equal, and groups what was not. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Answer, Case } from "./case.ts";
import { differences } from "./compare.ts";
import { meantReason, meantReasons } from "./meant.ts";
import { causesOf, normalField } from "./normal.ts";
import { recordings } from "./recording.ts";

interface KindCounts {
  cases: number;
  differing: number;
  meant: number;
  /** (field path, reason) that upstream answered → whether ours was the same every time. */
  readonly pairs: Map<string, boolean>;
}

interface Group {
  count: number;
  readonly example: string;
  readonly lines: readonly string[];
}

export class Report {
  readonly #kinds = new Map<string, KindCounts>();
  readonly #groups = new Map<string, Group>();
  readonly #meantSeen = new Set<string>();
  readonly #open = new Set<string>();

  /** Answers whether ours is the same, or differs as is meant. */
  add(one: Case, theirs: readonly Answer[], ours: readonly Answer[]): boolean {
    // Where upstream panics there is nothing to be equal to.
    if (theirs.some((a) => a.status === 0)) return true;
    let counts = this.#kinds.get(one.kind);
    if (counts === undefined) this.#kinds.set(one.kind, (counts = { cases: 0, differing: 0, meant: 0, pairs: new Map() }));
    counts.cases++;
    const lines = theirs.flatMap((answer, i) => {
      const found = differences(answer, ours[i] as Answer);
      return theirs.length === 1 ? found : found.map((l) => `${i}: ${l}`);
    });
    const meant = lines.length === 0 ? undefined : meantReason(one, lines);
    if (meant !== undefined) {
      counts.meant++;
      this.#meantSeen.add(meant);
    }
    const equal = lines.length === 0 || meant !== undefined;
    if (!equal) {
      counts.differing++;
      this.#open.add(`${one.kind} | ${one.title}`);
      this.#group(one, lines);
    }
    for (const [i, answer] of theirs.entries()) this.#pairs(counts, one, answer, ours[i] as Answer, equal);
    return equal;
  }

  /** Writes which recorded cases differ. */
  writeOpen(): void {
    const file = join(import.meta.dirname, "open.txt");
    const head = readFileSync(file, "utf8").split("\n")[0] ?? "";
    const recorded = new Set(recordings().flatMap((r) => r.cases.map((c) => `${c.one.kind} | ${c.one.title}`)));
    writeFileSync(file, `${[head, ...[...this.#open].filter((line) => recorded.has(line)).sort()].join("\n")}\n`);
  }

  #pairs(counts: KindCounts, one: Case, theirs: Answer, ours: Answer, equal: boolean): void {
    const mark = (pair: string, same: boolean): void => void counts.pairs.set(pair, (counts.pairs.get(pair) ?? true) && same);
    const own = causesOf(ours).map((c) => `${c.reason} ${c.field} ${c.message}`);
    const causes = causesOf(theirs);
    for (const c of causes) mark(`${normalField(c.field ?? "")} ${c.reason}`, own.includes(`${c.reason} ${c.field} ${c.message}`));
    if (causes.length === 0) for (const pair of pairsOf(one, theirs)) mark(pair, equal);
  }

  #group(one: Case, lines: readonly string[]): void {
    const key = lines.map(general).sort().slice(0, 3).join("\n");
    const group = this.#groups.get(key);
    if (group !== undefined) group.count++;
    else this.#groups.set(key, { count: 1, example: `${one.kind} ${one.title}`, lines: lines.slice(0, 6) });
  }

  differing(kind: string): number {
    return this.#kinds.get(kind)?.differing ?? 0;
  }

  failed(): boolean {
    return [...this.#kinds.values()].some((k) => k.differing > 0);
  }

  /** The coverage table, as Markdown. */
  table(): string {
    const rows = [...this.#kinds].map(([kind, { cases, differing, meant, pairs }]) => {
      const same = [...pairs.values()].filter(Boolean).length;
      return `| ${kind} | ${pairs.size} | ${same} | ${cases} | ${cases - differing} | ${meant} |`;
    });
    const total = [...this.#kinds.values()];
    const sum = (of: (k: KindCounts) => number): number => total.reduce((n, k) => n + of(k), 0);
    const equalPairs = sum((k) => [...k.pairs.values()].filter(Boolean).length);
    rows.push(
      `| all | ${sum((k) => k.pairs.size)} | ${equalPairs} | ${sum((k) => k.cases)} | ${sum((k) => k.cases - k.differing)} | ${sum((k) => k.meant)} |`,
    );
    return ["| kind | (field, reason) pairs | equal | cases | equal | meant differences |", "|---|---|---|---|---|---|", ...rows].join(
      "\n",
    );
  }

  /** Writes table and groups to the file (all groups) and the largest groups to the terminal. */
  write(file: string | undefined, show: number): void {
    const groups = [...this.#groups.values()].sort((a, b) => b.count - a.count);
    const text = (shown: readonly Group[]): string =>
      shown.map((g) => `${g.count} × ${g.example}\n${g.lines.map((l) => `    ${l.slice(0, 600)}`).join("\n")}`).join("\n");
    if (file !== undefined) writeFileSync(file, `${this.table()}\n\n${text(groups)}\n`);
    console.log(text(groups.slice(0, show)));
    console.log(`${groups.length} groups of differences`);
    // Of a whole run, what is meant and was not met has no place in the file.
    for (const reason of meantReasons()) if (!this.#meantSeen.has(reason)) console.log(`not met: ${reason}`);
    console.log(this.table());
  }
}

/** What a case covers: the (field, reason) of each cause; the field that is played with and how it went where there is none. */
export function pairsOf(one: Case, theirs: Answer): string[] {
  const causes = causesOf(theirs);
  if (causes.length > 0) return causes.map((c) => `${normalField(c.field ?? "")} ${c.reason}`);
  const { reason } = (theirs.body ?? {}) as { reason?: string };
  return [`${one.field} ${theirs.status < 300 ? "accepted" : (reason ?? theirs.status)}`];
}

/** A difference without what is particular to the case. */
function general(line: string): string {
  return line
    .replace(/\[[^\]]*\]/g, "[]")
    .replace(/"(?:[^"\\]|\\.)*"/g, '""')
    .replace(/-?\d+/g, "0")
    .replace(/(cause [-+]\w+) [\w.[\]]*?(\w+): /, "$1 …$2: ");
}
