/** The reference's answers to one kind's cases, kept in a file: a line each, found again by what was asked. */
import { createHash } from "node:crypto";
import { appendFileSync, existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Answer, Case } from "./case.ts";

export class ReferenceCache {
  readonly #file: string | undefined;
  /** Lines as they are: most are never asked for. */
  readonly #known = new Map<string, string>();
  #pending: string[] = [];

  constructor(directory: string | undefined, kind: string) {
    if (directory === undefined) return;
    mkdirSync(directory, { recursive: true });
    this.#file = join(directory, `${kind.replaceAll("/", "_")}.jsonl`);
    if (!existsSync(this.#file)) return;
    for (const line of readFileSync(this.#file, "utf8").split("\n")) {
      const at = line.indexOf(" ");
      if (at > 0) this.#known.set(line.slice(0, at), line.slice(at + 1));
    }
  }

  get(key: string): readonly Answer[] | undefined {
    const line = this.#known.get(key);
    return line === undefined ? undefined : (JSON.parse(line) as Answer[]);
  }

  put(key: string, answers: readonly Answer[]): void {
    if (this.#file === undefined) return;
    this.#pending.push(`${key} ${JSON.stringify(answers)}\n`);
    if (this.#pending.length >= 200) this.flush();
  }

  flush(): void {
    if (this.#file !== undefined && this.#pending.length > 0) appendFileSync(this.#file, this.#pending.join(""));
    this.#pending = [];
  }
}

/** `context`: what else the answers depend on, the stored object that updates start from. */
export function keyOf(one: Case, context: string): string {
  return createHash("sha1").update(JSON.stringify(one.requests)).update(context).digest("hex");
}
