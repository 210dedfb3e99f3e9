/** What a command of the command line is: its grammar, and what it does. */
import type { CommandSpec, Parsed } from "./arguments.ts";
import type { Output } from "./output.ts";

export interface Command {
  readonly spec: CommandSpec;
  /** Resolves with the exit status. */
  run(parsed: Parsed, output: Output): Promise<number>;
}

/** What a cluster that starts says on its way; between processes as one line of JSON each. */
export type Report = { type: "progress"; text: string } | { type: "ready"; text: string } | { type: "error"; text: string };
