/** Differences that are meant: `meant.txt` names them and says why. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Case } from "./case.ts";

interface Meant {
  readonly kind: RegExp;
  readonly title: RegExp;
  readonly line: RegExp;
  readonly reason: string;
}

/** A line each: `KIND | TITLE | DIFFERENCE | REASON`; `#` begins a comment. */
function read(): Meant[] {
  const lines = readFileSync(join(import.meta.dirname, "meant.txt"), "utf8").split("\n");
  return lines
    .filter((l) => l.trim() !== "" && !l.startsWith("#"))
    .map((l) => {
      const [kind = "", title = "", line = "", reason = ""] = l.split(" | ").map((part) => part.trim());
      if (reason === "") throw new Error(`meant.txt: ${l}: KIND | TITLE | DIFFERENCE | REASON is expected`);
      return { kind: new RegExp(`^(?:${kind})$`), title: new RegExp(title), line: new RegExp(line), reason };
    });
}

const entries = read();

/** Why the case may differ as it does: every line of the difference must be meant. */
export function meantReason(one: Case, lines: readonly string[]): string | undefined {
  let reason: string | undefined;
  for (const line of lines) {
    const entry = entries.find((e) => e.kind.test(one.kind) && e.title.test(one.title) && e.line.test(line));
    if (entry === undefined) return undefined;
    reason = entry.reason;
  }
  return reason;
}

/** Every reason in the file. */
export function meantReasons(): string[] {
  return entries.map((e) => e.reason);
}
