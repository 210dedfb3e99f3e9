/** `--kube-apiserver-arg NAME=VALUE`, as often as it was given, to {@link ApiServerFlags}: every fault at once. */
import { defaultFeatureGates, parseFeatureGates } from "../../core/feature-gates.ts";
import { UsageError } from "../usage-error.ts";
import { type ApiServerFlags, ResolvedFlags } from "./api-server-flags.ts";
import type { FlagRow } from "./flag.ts";
import { flagTable } from "./table.ts";
import { flagFaults } from "./validate.ts";
import { valueFault } from "./values.ts";

const where = "--kube-apiserver-arg";

/** Splits `NAME=VALUE`, `--NAME=VALUE`, or `NAME`, which is true. */
function split(arg: string): { name: string; value: string } {
  const bare = arg.replace(/^--?/, "");
  const equals = bare.indexOf("=");
  return equals < 0 ? { name: bare, value: "true" } : { name: bare.slice(0, equals), value: bare.slice(equals + 1) };
}

/**
 * What is kept when `later` is said after `earlier`: a flag that is named again is as it was said last, and `NAME-` takes it
 * back.
 */
export function mergeFlagArguments(earlier: readonly string[], later: readonly string[]): string[] {
  const removed = new Set(later.filter((arg) => /^[^=]+-$/.test(arg)).map((arg) => arg.replace(/^--?/, "").slice(0, -1)));
  const said = later.filter((arg) => !/^[^=]+-$/.test(arg));
  const named = new Set([...said.map((arg) => split(arg).name), ...removed]);
  return [...earlier.filter((arg) => !named.has(split(arg).name)), ...said];
}

/** The known name with the fewest letters to change, where those are few. */
function nearest(name: string): string {
  const [best] = [...flagTable.keys()].map((known) => ({ known, far: distance(name, known) })).sort((a, b) => a.far - b.far);
  return best === undefined || best.far > 3 ? "" : ` (did you mean ${best.known}?)`;
}

/** Levenshtein's distance. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(change, (row[j] as number) + 1, (next[j - 1] as number) + 1));
    }
    row = next;
  }
  return row[b.length] as number;
}

/** A flag that has one value here. */
function fixedFault(row: FlagRow, value: string): string | undefined {
  if (row.fixed === undefined || value === row.default) return undefined;
  return `--${row.name} cannot be anything but ${JSON.stringify(row.default)}: ${row.fixed}`;
}

/**
 * The values of all flags.
 * @throws UsageError that names every fault, a line each
 */
export function resolveApiServerFlags(given: readonly string[] = []): ApiServerFlags {
  const faults: string[] = [];
  const texts = new Map<string, string[]>();
  for (const arg of given) {
    const { name, value } = split(arg);
    const row = flagTable.get(name);
    if (row === undefined) {
      faults.push(`unknown flag: --${name}${nearest(name)}`);
      continue;
    }
    const fault =
      row.refused === undefined ? (valueFault(row, value) ?? fixedFault(row, value)) : `--${name} cannot be given: ${row.refused}`;
    if (fault !== undefined) {
      faults.push(fault);
      continue;
    }
    const known = texts.get(name);
    if (known === undefined) texts.set(name, [value]);
    else known.push(value);
  }
  const gates = texts.get("feature-gates");
  const features = gates === undefined ? undefined : parseFeatureGates(gates);
  faults.push(...(features?.faults ?? []));
  const flags = new ResolvedFlags(texts, features?.gates ?? defaultFeatureGates);
  faults.push(...flagFaults(flags));
  if (faults.length > 0) throw new UsageError(faults.map((fault) => `${where}: ${fault}`).join("\n"));
  return flags;
}
