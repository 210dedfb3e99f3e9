/** `tsukube COMMAND …`: finds the command, loads what it needs, and turns what goes wrong into one sentence and a status. */
import { UsageError } from "../options.ts";
import { fileProblem } from "../startup-problem.ts";
import { ClusterError } from "../state.ts";
import { helpText, parseArguments } from "./arguments.ts";
import type { Command } from "./command.ts";
import { type Output, standardOutput } from "./output.ts";

/** In the order of the help text. Each is loaded only when it is called. */
const commands: Record<string, { summary: string; load: () => Promise<Record<string, Command>>; hidden?: boolean }> = {
  up: { summary: "start a cluster, or go on with one", load: async () => ({ "": (await import("./up.ts")).up }) },
  down: { summary: "stop a cluster; --purge also forgets its data", load: async () => ({ "": (await import("./down.ts")).down }) },
  demo: {
    summary: "a cluster with a small application that answers over HTTP",
    load: async () => ({ "": (await import("./demo.ts")).demo }),
  },
  status: { summary: "processes, nodes, memory and uptime of a cluster", load: async () => ({ "": (await import("./status.ts")).status }) },
  kubeconfig: { summary: "print the kubeconfig of a cluster", load: async () => ({ "": (await import("./kubeconfig.ts")).kubeconfig }) },
  image: { summary: "load, list and remove images on every node", load: async () => (await import("./image.ts")).imageCommands },
  doctor: {
    summary: "what this machine lacks for real pods, and how to get it",
    load: async () => ({ "": (await import("./doctor.ts")).doctor }),
  },
  version: { summary: "print the version", load: async () => ({ "": (await import("./version.ts")).versionCommand }) },
  "run-cluster": { summary: "", hidden: true, load: async () => ({ "": (await import("./run-cluster.ts")).runClusterCommand }) },
  "run-node": { summary: "", hidden: true, load: async () => ({ "": (await import("./run-node.ts")).runNodeCommand }) },
};

function overview(): string {
  const shown = Object.entries(commands).filter(([, c]) => !c.hidden);
  const width = Math.max(...shown.map(([n]) => n.length)) + 3;
  return [
    "tsukube: Kubernetes in one command",
    "",
    "usage: tsukube COMMAND [OPTION…]",
    "",
    ...shown.map(([n, c]) => `  ${n.padEnd(width)}${c.summary}`),
    "",
    "`tsukube COMMAND --help` tells a command's options.",
    "",
  ].join("\n");
}

/** Runs a command line and sets the exit status: 0 done, 1 failed, 2 wrong usage. */
export async function main(argv: readonly string[], output: Output = standardOutput): Promise<void> {
  try {
    process.exitCode = await dispatch(argv, output);
  } catch (error) {
    if (error instanceof UsageError) {
      for (const line of error.message.split("\n")) output.note(`tsukube: ${line}`);
      process.exitCode = 2;
    } else if (error instanceof ClusterError) {
      output.note(`tsukube: ${error.message}`);
      process.exitCode = 1;
    } else {
      const e = fileProblem(error) ?? (error as Error);
      output.note(`tsukube: ${process.env["TSUKUBE_DEBUG"] ? ((error as Error).stack ?? e.message) : e.message}`);
      process.exitCode = 1;
    }
  }
}

async function dispatch(argv: readonly string[], output: Output): Promise<number> {
  const [name, ...rest] = argv;
  if (name === undefined || name === "--help" || name === "-h" || name === "help") {
    output.print(overview().trimEnd());
    return name === undefined ? 2 : 0;
  }
  if (name === "--version") return dispatch(["version"], output);
  if (!Object.hasOwn(commands, name)) {
    throw new UsageError(
      `there is no command ${JSON.stringify(name)}; use one of ${Object.keys(commands)
        .filter((c) => !commands[c]?.hidden)
        .join(", ")}`,
    );
  }
  const table = await (commands[name] as (typeof commands)[string]).load();
  const nested = table[""] === undefined;
  const sub = nested ? (rest[0] ?? "") : "";
  const command = Object.hasOwn(table, sub) ? table[sub] : undefined;
  if (command === undefined) {
    if (sub === "--help" || sub === "-h" || sub === "") {
      for (const c of Object.values(table)) output.print(helpText(c.spec));
      return sub === "" ? 2 : 0;
    }
    throw new UsageError(`${name}: there is no ${JSON.stringify(sub)}; use one of ${Object.keys(table).join(", ")}`);
  }
  const parsed = parseArguments(command.spec, nested ? rest.slice(1) : rest);
  if (parsed.help) {
    output.print(helpText(command.spec).trimEnd());
    return 0;
  }
  return command.run(parsed, output);
}
