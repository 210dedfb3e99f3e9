/**
 * YAML as Kubernetes' Go code reads and writes it (sigs.k8s.io/yaml over go-yaml v2): YAML 1.1 booleans, integers with any
 * of Go's prefixes and underscores, no base 60, timestamps stay text, `<<` merges, keys become strings.
 */
import { goQuote } from "../core/go-quote.ts";
import {
  CORE_SCHEMA,
  defineScalarTag,
  DEFAULT_SCALAR_STYLE_RULES,
  dump,
  load,
  loadAll,
  mergeTag,
  NOT_RESOLVED,
  SCALAR_STYLE_DOUBLE_QUOTED,
  type ScalarLayout,
  type Schema,
  YAMLException,
} from "js-yaml";
import { encodeJson } from "./json-text.ts";

/** Text that is no YAML: `yaml: line 3: …`. */
export class YamlError extends Error {}

const booleans = new Map<string, boolean>();
for (const text of ["y", "yes", "true", "on"]) for (const t of spellings(text)) booleans.set(t, true);
for (const text of ["n", "no", "false", "off"]) for (const t of spellings(text)) booleans.set(t, false);

function spellings(text: string): string[] {
  return [text, text.toUpperCase(), (text[0] as string).toUpperCase() + text.slice(1)];
}

const nulls = new Set(["", "~", "null", "Null", "NULL"]);

/** The integer that Go's `ParseInt(text, 0, 64)` or `ParseUint` reads, exact; undefined for none. */
function integer(source: string): number | bigint | undefined {
  const match = /^([-+]?)(?:0[xX]([0-9a-fA-F]+)|0[oO]?([0-7]+)|0[bB]([01]+)|(0|[1-9][0-9]*))$/.exec(source.replaceAll("_", ""));
  if (match === null) return undefined;
  const [, sign, hex, octal, binary, decimal] = match;
  const digits =
    hex !== undefined ? `0x${hex}` : octal !== undefined ? `0o${octal}` : binary !== undefined ? `0b${binary}` : (decimal as string);
  const value = BigInt(digits) * (sign === "-" ? -1n : 1n);
  if (value > 0xffffffffffffffffn || value < -0x8000000000000000n || (sign === "+" && value > 0x7fffffffffffffffn)) return undefined;
  const small = Number(value);
  return Number.isSafeInteger(small) ? small : value;
}

const floatPattern = /^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$/;
const notNumbers = /^(?:\.(?:nan|NaN|NAN)|[-+]?\.(?:inf|Inf|INF))$/;

function float(source: string): number | undefined {
  const plain = source.replaceAll("_", "");
  if (floatPattern.test(plain)) return Number(plain);
  if (!notNumbers.test(source)) return undefined;
  return /nan/i.test(source) ? Number.NaN : source.startsWith("-") ? -Infinity : Infinity;
}

const digitStarts = "0123456789+-".split("");

const goNull = defineScalarTag<null>("tag:yaml.org,2002:null", {
  implicit: true,
  implicitFirstChars: ["", "~", "n", "N"],
  resolve: (source) => (nulls.has(source) ? null : NOT_RESOLVED),
  identify: (data) => data === null,
  represent: () => "null",
});
const goBool = defineScalarTag<boolean>("tag:yaml.org,2002:bool", {
  implicit: true,
  implicitFirstChars: "yYnNtTfFoO".split(""),
  resolve: (source) => booleans.get(source) ?? NOT_RESOLVED,
  identify: (data) => typeof data === "boolean",
});
const goInt = defineScalarTag<number | bigint>("tag:yaml.org,2002:int", {
  implicit: true,
  implicitFirstChars: digitStarts,
  resolve: (source) => integer(source) ?? NOT_RESOLVED,
  identify: (data) => typeof data === "bigint" || (typeof data === "number" && Number.isInteger(data)),
});
const goFloat = defineScalarTag<number>("tag:yaml.org,2002:float", {
  implicit: true,
  implicitFirstChars: [...digitStarts, "."],
  resolve: (source) => float(source) ?? NOT_RESOLVED,
  identify: (data) => typeof data === "number" && !Number.isInteger(data),
});

/** Explicit `!!binary` and `!!timestamp` are taken as text. */
const goBinary = defineScalarTag<string>("tag:yaml.org,2002:binary", {
  resolve: (source) => Buffer.from(source, "base64").toString("utf8"),
  identify: () => false,
});
const goTimestamp = defineScalarTag<string>("tag:yaml.org,2002:timestamp", { resolve: (source) => source, identify: () => false });

let goSchema: Schema | undefined;

function schema(): Schema {
  goSchema ??= CORE_SCHEMA.withTags(mergeTag, goNull, goBool, goInt, goFloat, goBinary, goTimestamp);
  return goSchema;
}

export interface YamlOptions {
  /** A key that comes twice is an error; else the last one counts. */
  strict?: boolean;
}

/** A key as it stands before its colon: in double quotes, in single ones, or plain. */
const keyText = /^(?:"((?:[^"\\]|\\.)*)"|'((?:[^']|'')*)'|([^:,{}\n]*?))\s*:/;
/** So many are told of at most. */
const mostDuplicates = 100;

/** The keys of the first document that come twice, each as upstream tells it, with its line. Other faults are not told. */
export function yamlDuplicates(text: string): string[] {
  const found: string[] = [];
  let rest = text;
  while (found.length < mostDuplicates) {
    try {
      loadAll(rest, { schema: schema(), json: false, maxAliases: 1000 });
      return found;
    } catch (error) {
      if (!(error instanceof YAMLException) || error.mark === undefined || error.reason !== "duplicated mapping key") return found;
      const { line } = error.mark;
      // The mark of a quoted key is behind its quote.
      const position = /["']/.test(rest[error.mark.position - 1] ?? "") ? error.mark.position - 1 : error.mark.position;
      const key = keyText.exec(rest.slice(position));
      if (key === null) return found;
      found.push(`line ${line + 1}: key ${printKey(key)} already set in map`);
      // Under another name it is out of the way of those that follow.
      rest = `${rest.slice(0, position)}"${found.length} of ${found.length}":${rest.slice(position + key[0].length)}`;
    }
  }
  return found;
}

function printKey([, double, single, plain = ""]: RegExpExecArray): string {
  if (double !== undefined) return goQuote(JSON.parse(`"${double}"`) as string);
  if (single !== undefined) return goQuote(single.replaceAll("''", "'"));
  if (nulls.has(plain)) return "<nil>";
  const value = booleans.get(plain) ?? integer(plain) ?? float(plain);
  return value === undefined ? goQuote(plain) : String(value);
}

function guarded<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof YAMLException)) throw error;
    const { mark } = error;
    if (mark !== undefined && error.reason === "duplicated mapping key") {
      const key = /^["']?([^:"'\n]*)/.exec(mark.buffer.slice(mark.position))?.[1] ?? "";
      throw new YamlError(`yaml: unmarshal errors:\n  line ${mark.line + 1}: key ${JSON.stringify(key)} already set in map`);
    }
    const line = mark === undefined ? "" : `line ${mark.line + 1}: `;
    throw new YamlError(`yaml: ${line}${error.reason}`);
  }
}

/** Reads the first document; null for an empty text. Throws {@link YamlError}. */
export function parseYaml(text: string, options: YamlOptions = {}): unknown {
  const settings = { schema: schema(), json: options.strict !== true, maxAliases: 1000 };
  // Nothing but comments is no document.
  if (/^(?:\s*(?:#.*)?(?:\n|$))*$/.test(text)) return null;
  return guarded(() => (/^---|^\.\.\./m.test(text) ? loadAll(text, settings)[0] : load(text, settings)) ?? null);
}

/** Reads every document; empty ones (only comments, or nothing) are left out. Throws {@link YamlError}. */
export function parseYamlAll(text: string, options: YamlOptions = {}): unknown[] {
  const settings = { schema: schema(), json: options.strict !== true, maxAliases: 1000 };
  return guarded(() => loadAll(text, settings)).filter((document) => document !== null && document !== undefined);
}

/** The JSON text of the first document, as the API server turns a YAML body into JSON. Throws {@link YamlError}. */
export function yamlToJson(text: string, options: YamlOptions = {}): string {
  return encodeJson(parseYaml(text, options));
}

const base60 = /^[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?$/;

/** A text that would be read as something else than a string is quoted twice, as go-yaml does; others once, where needed. */
function quoteLookalikes(layout: ScalarLayout): void {
  const { node } = layout;
  if (node.tag !== "tag:yaml.org,2002:str" || layout.style === SCALAR_STYLE_DOUBLE_QUOTED) return;
  const { value } = node;
  const lookalike =
    nulls.has(value) ||
    booleans.has(value) ||
    value === "<<" ||
    integer(value) !== undefined ||
    float(value) !== undefined ||
    base60.test(value) ||
    /^\d{4}-\d\d?-\d\d?/.test(value);
  if (lookalike) layout.style = SCALAR_STYLE_DOUBLE_QUOTED;
}

/** YAML text with sorted keys and lists at the indent of their key, as Kubernetes' tools print it. */
export function stringifyYaml(value: unknown): string {
  return dump(value, {
    schema: schema(),
    noRefs: true,
    lineWidth: -1,
    sortKeys: true,
    skipInvalid: true,
    seqNoIndent: true,
    scalarStyleRules: [quoteLookalikes, ...Object.values(DEFAULT_SCALAR_STYLE_RULES)],
  });
}
