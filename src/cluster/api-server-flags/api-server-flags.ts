/** The values of all flags, read by type. */
import { readFileSync } from "node:fs";
import { parseGoBool, type FeatureGates } from "../../core/feature-gates.ts";
import { parseGoDuration } from "../../core/go-duration.ts";
import { UsageError } from "../usage-error.ts";
import type { FlagRow, FlagType } from "./flag.ts";
import { flagTable } from "./table.ts";
import { defaultTexts, listOf, mapOf, portRangeOf } from "./values.ts";

/** Getters throw a RangeError for a name or type that the table does not know: a mistake in the program. */
export interface ApiServerFlags {
  /** The flag was given. */
  given(name: string): boolean;
  string(name: string): string;
  bool(name: string): boolean;
  int(name: string): number;
  float(name: string): number;
  /** In ms. */
  duration(name: string): number;
  list(name: string): readonly string[];
  map(name: string): ReadonlyMap<string, string>;
  /** Both ends, inclusive. */
  portRange(name: string): readonly [number, number];
  /**
   * What is in the file that the flag names; undefined when it names none.
   * @throws UsageError when it cannot be read
   */
  file(name: string): FlagFile | undefined;
  readonly features: FeatureGates;
  /** As `/flagz` shows them, in order of name. */
  shown(): ReadonlyMap<string, string>;
}

export interface FlagFile {
  readonly path: string;
  readonly text: string;
}

export class ResolvedFlags implements ApiServerFlags {
  readonly features: FeatureGates;
  readonly #given: ReadonlyMap<string, readonly string[]>;

  constructor(given: ReadonlyMap<string, readonly string[]>, features: FeatureGates) {
    this.#given = given;
    this.features = features;
  }

  given(name: string): boolean {
    rowOf(name);
    return this.#given.has(name);
  }

  #texts(name: string, ...types: FlagType[]): { row: FlagRow; texts: readonly string[] } {
    const row = rowOf(name);
    if (!types.includes(row.type)) throw new RangeError(`--${name} is of type ${row.type}`);
    return { row, texts: this.#given.get(name) ?? defaultTexts(row) };
  }

  #last(name: string, ...types: FlagType[]): string {
    return this.#texts(name, ...types).texts.at(-1) ?? "";
  }

  string(name: string): string {
    return this.#last(name, "string", "ip", "quantity");
  }

  bool(name: string): boolean {
    return parseGoBool(this.#last(name, "bool")) ?? false;
  }

  int(name: string): number {
    return Number(this.#last(name, "int"));
  }

  float(name: string): number {
    return Number(this.#last(name, "float"));
  }

  duration(name: string): number {
    return parseGoDuration(this.#last(name, "duration")) ?? 0;
  }

  list(name: string): readonly string[] {
    const { row, texts } = this.#texts(name, "strings", "stringArray", "namedCertKey");
    return listOf(row, texts);
  }

  map(name: string): ReadonlyMap<string, string> {
    return mapOf(this.#texts(name, "map").texts);
  }

  portRange(name: string): readonly [number, number] {
    return portRangeOf(this.#last(name, "portRange")) ?? [0, 0];
  }

  file(name: string): FlagFile | undefined {
    const path = this.string(name);
    if (path === "") return undefined;
    return { path, text: readFlagFile(name, path) };
  }

  shown(): ReadonlyMap<string, string> {
    return new Map([...flagTable.values()].map((row) => [row.name, this.#show(row)]));
  }

  #show(row: FlagRow): string {
    const given = this.#given.get(row.name);
    if (given === undefined) return row.default;
    if (row.type === "strings" || row.type === "stringArray" || row.type === "namedCertKey") return `[${listOf(row, given).join(",")}]`;
    if (row.type === "map" || row.type === "gates") {
      const pairs = [...mapOf(given)].map(([k, v]) => `${k}=${v}`).sort();
      return pairs.join(",");
    }
    return given.at(-1) ?? "";
  }
}

function rowOf(name: string): FlagRow {
  const row = flagTable.get(name);
  if (row === undefined) throw new RangeError(`kube-apiserver has no flag --${name}`);
  return row;
}

const problems: Readonly<Record<string, string>> = {
  ENOENT: "no such file or directory",
  EACCES: "permission denied",
  EISDIR: "is a directory",
};

/**
 * Reads a file that a flag names.
 * @throws UsageError
 */
export function readFlagFile(flag: string, path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    const { code = "", message } = error as NodeJS.ErrnoException;
    throw new UsageError(`--kube-apiserver-arg ${flag}: open ${path}: ${problems[code] ?? message}`);
  }
}
