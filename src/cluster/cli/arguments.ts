/** The command line's grammar: commands with typed options, one help text each, errors that name the option and the mend. */
import { UsageError } from "../options.ts";

export interface OptionSpec {
  readonly type: "string" | "number" | "boolean";
  /** What stands for the value in help: `DIR`. */
  readonly value?: string;
  readonly help: string;
  readonly short?: string;
  /** May be given more than once: its values are in `lists`. */
  readonly repeated?: boolean;
}

export interface CommandSpec {
  /** `up`, `image load` */
  readonly name: string;
  readonly summary: string;
  readonly options: Readonly<Record<string, OptionSpec>>;
  /** What stands for positional arguments in the usage line: `FILE…`; absent: none are taken. */
  readonly positional?: string;
  readonly notes?: string;
}

export interface Parsed {
  readonly values: Readonly<Record<string, string | number | boolean | undefined>>;
  /** Of options that may be repeated, in the order given. */
  readonly lists: Readonly<Record<string, readonly string[]>>;
  readonly positionals: readonly string[];
  readonly help: boolean;
}

/**
 * `--name dev`, `--name=dev`, `--detach`, `-o json`; options anywhere; `--` ends them.
 * @throws UsageError
 */
export function parseArguments(spec: CommandSpec, argv: readonly string[]): Parsed {
  const values: Record<string, string | number | boolean> = {};
  const lists: Record<string, string[]> = {};
  const positionals: string[] = [];
  let help = false;
  for (let i = 0; i < argv.length; i++) {
    const arg = argv[i] as string;
    if (arg === "--") {
      positionals.push(...argv.slice(i + 1));
      break;
    }
    if (arg === "--help" || arg === "-h") {
      help = true;
      continue;
    }
    if (!arg.startsWith("-") || arg === "-") {
      positionals.push(arg);
      continue;
    }
    const { name, inline } = splitOption(spec, arg);
    const option = spec.options[name] as OptionSpec;
    if (option.type === "boolean") {
      if (inline !== undefined && inline !== "true" && inline !== "false") throw new UsageError(`--${name}: takes no value`);
      values[name] = inline !== "false";
      continue;
    }
    const text = inline ?? argv[++i];
    if (text === undefined || (inline === undefined && text.startsWith("--")))
      throw new UsageError(`--${name}: needs a value: --${name} ${option.value ?? "VALUE"}`);
    if (option.repeated === true) (lists[name] ??= []).push(text);
    else values[name] = option.type === "number" ? parseNumber(name, text) : text;
  }
  if (!help && spec.positional === undefined && positionals.length > 0) {
    throw new UsageError(`${spec.name}: unexpected argument ${JSON.stringify(positionals[0])}; see \`tsukube ${spec.name} --help\``);
  }
  return { values, lists, positionals, help };
}

function splitOption(spec: CommandSpec, arg: string): { name: string; inline: string | undefined } {
  const long = /^--([^=]+)(?:=([\s\S]*))?$/.exec(arg);
  if (long !== null && Object.hasOwn(spec.options, long[1] as string)) return { name: long[1] as string, inline: long[2] };
  const short = /^-([A-Za-z])(?:=?([\s\S]+))?$/.exec(arg);
  const named = short === null ? undefined : Object.entries(spec.options).find(([, o]) => o.short === short[1]);
  if (named !== undefined) return { name: named[0], inline: short?.[2] };
  const known = Object.keys(spec.options);
  const wrong = long?.[1] ?? arg;
  const near = known.find((k) => k.startsWith(wrong.slice(0, 3)));
  throw new UsageError(
    `${spec.name}: unknown option ${arg.split("=")[0]}${near === undefined ? "" : ` (did you mean --${near}?)`}; see \`tsukube ${spec.name} --help\``,
  );
}

function parseNumber(name: string, text: string): number {
  if (!/^-?\d+$/.test(text)) throw new UsageError(`--${name}: ${JSON.stringify(text)} is not a whole number`);
  return Number(text);
}

export function helpText(spec: CommandSpec): string {
  const rows = Object.entries(spec.options).map(([name, o]) => {
    const head = `  ${o.short === undefined ? "" : `-${o.short}, `}--${name}${o.type === "boolean" ? "" : ` ${o.value ?? "VALUE"}`}`;
    return [head, o.help] as const;
  });
  const width = Math.max(0, ...rows.map(([h]) => h.length)) + 2;
  const usage = `usage: tsukube ${spec.name}${spec.positional === undefined ? "" : ` ${spec.positional}`}${rows.length > 0 ? " [OPTION…]" : ""}`;
  return [
    usage,
    "",
    spec.summary,
    ...(rows.length > 0 ? ["", ...rows.map(([h, t]) => h.padEnd(width) + t)] : []),
    ...(spec.notes === undefined ? [] : ["", spec.notes]),
    "",
  ].join("\n");
}
