/**
 * A part of the cases with upstream's answers, kept in `recorded/` for `npm test`: of every (field, reason) that upstream told
 * a case or two. Files are lines of JSON, compressed with Brotli: one case differs little from the next.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, brotliDecompressSync, constants } from "node:zlib";
import type { Answer, Case } from "./case.ts";
import type { Json } from "./objects.ts";

/** Creates are asked before the bases are stored. */
export type Phase = "create" | "stored";

export interface RecordedCase {
  readonly phase: Phase;
  readonly one: Case;
  /** Normal ones: see `normal.ts`. */
  readonly answers: readonly Answer[];
}

export interface Recording {
  readonly kind: string;
  /** What is stored for the second phase. */
  readonly bases: readonly Json[];
  readonly cases: readonly RecordedCase[];
}

const directory = join(import.meta.dirname, "recorded");

/** Gathers one kind's cases. */
export class Recorder {
  readonly #kept = new Map<string, { readonly case: RecordedCase; readonly equal: boolean }>();

  /** `pairs`: what the case covers. A case that ours answers as upstream does stands before one that it does not. */
  add(recorded: RecordedCase, pairs: readonly string[], equal: boolean): void {
    for (const pair of pairs) {
      const key = `${recorded.phase} ${recorded.one.title.split(" ")[0] ?? ""} ${pair}`;
      const kept = this.#kept.get(key);
      if (kept === undefined || (equal && !kept.equal)) this.#kept.set(key, { case: recorded, equal });
    }
  }

  write(kind: string, bases: readonly Json[]): void {
    mkdirSync(directory, { recursive: true });
    const cases = new Set([...this.#kept.values()].map((k) => k.case));
    const lines = [JSON.stringify({ kind, bases }), ...[...cases].map((c) => JSON.stringify(c))];
    const bytes = Buffer.from(lines.join("\n"));
    const params = {
      [constants.BROTLI_PARAM_QUALITY]: 9,
      [constants.BROTLI_PARAM_LGWIN]: 24,
      [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
    };
    writeFileSync(join(directory, fileName(kind)), brotliCompressSync(bytes, { params }));
  }
}

const fileName = (kind: string): string => `${kind.replace(/^\//, "").replaceAll("/", "_")}.jsonl.br`;

/** Every recording, in order of their files' names. */
export function recordings(): Recording[] {
  return readdirSync(directory)
    .filter((file) => file.endsWith(".br"))
    .sort()
    .map((file) => {
      const [head = "", ...lines] = brotliDecompressSync(readFileSync(join(directory, file)))
        .toString("utf8")
        .split("\n");
      const { kind, bases } = JSON.parse(head) as { kind: string; bases: Json[] };
      return { kind, bases, cases: lines.map((line) => JSON.parse(line) as RecordedCase) };
    });
}
