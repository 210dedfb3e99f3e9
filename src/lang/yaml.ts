/**
 * YAML as Go's sigs.k8s.io/yaml reads it into JSON: YAML 1.1 booleans, null and merge keys; integers in every base,
 * exact beyond 2^53 (as bigint in {@link yamlToJson}, rounded in {@link parseYaml}); dates and `1:30` stay strings.
 */
import * as yaml from "js-yaml";

/** `0x1f`, `0o17`, `017`, `0b11`, `1_000`, `+5`: what Go's strconv takes with base 0. Undefined for anything else. */
function parseInteger(text: string): bigint | undefined {
  const m = /^([-+]?)(?:0x([0-9a-f_]+)|0o?([0-7_]+)|0b([01_]+)|(0|[1-9][0-9_]*))$/i.exec(text);
  if (m === null) return undefined;
  const [, sign, hex, octal, binary, decimal] = m;
  const digits = (hex ?? octal ?? binary ?? decimal ?? "").replaceAll("_", "");
  if (digits === "") return undefined;
  const prefix = hex !== undefined ? "0x" : octal !== undefined ? "0o" : binary !== undefined ? "0b" : "";
  const value = BigInt(prefix + digits);
  return sign === "-" ? -value : value;
}

const fits = (n: bigint): boolean => n >= BigInt(Number.MIN_SAFE_INTEGER) && n <= BigInt(Number.MAX_SAFE_INTEGER);

function integerTag(exact: boolean): yaml.ScalarTagDefinition {
  return yaml.defineScalarTag<number | bigint>("tag:yaml.org,2002:int", {
    implicit: true,
    identify: () => false, // only for reading
    implicitFirstChars: [..."-+0123456789"],
    resolve: (source) => {
      const value = parseInteger(source);
      if (value === undefined) return yaml.NOT_RESOLVED;
      return exact && !fits(value) ? value : Number(value);
    },
  });
}

const floatTag = yaml.defineScalarTag<number>("tag:yaml.org,2002:float", {
  implicit: true,
  identify: () => false,
  implicitFirstChars: [..."-+.0123456789"],
  resolve: (source) => {
    if (/^[-+]?\.(inf|Inf|INF)$/.test(source)) return source.startsWith("-") ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
    if (/^\.(nan|NaN|NAN)$/.test(source)) return Number.NaN;
    return /^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$/.test(source) ? Number(source) : yaml.NOT_RESOLVED;
  },
});

function schema(exact: boolean): yaml.Schema {
  return new yaml.Schema([
    yaml.mapTag,
    yaml.seqTag,
    yaml.strTag,
    yaml.nullYaml11Tag,
    yaml.boolYaml11Tag,
    integerTag(exact),
    floatTag,
    yaml.mergeTag,
    yaml.binaryTag,
  ]);
}

let rounding: yaml.Schema | undefined;
let exact: yaml.Schema | undefined;

/** Every document of a stream; empty documents are left out. Throws an Error with line and column. */
export function parseYamlAll(text: string): unknown[] {
  rounding ??= schema(false);
  return yaml.loadAll(text, { schema: rounding }).filter((d) => d !== null && d !== undefined);
}

/** The first document; null for an empty text. */
export function parseYaml(text: string): unknown {
  return parseYamlAll(text)[0] ?? null;
}

/** JSON text of one document, integers exact. Throws as {@link parseYaml}, and for a second document. */
export function yamlToJson(text: string): string {
  exact ??= schema(true);
  const documents = yaml.loadAll(text, { schema: exact }).filter((d) => d !== null && d !== undefined);
  if (documents.length > 1) throw new Error("yaml: the text holds more than one document");
  return toJson(documents[0] ?? null);
}

function toJson(value: unknown): string {
  if (typeof value === "bigint") return value.toString();
  if (value instanceof Uint8Array) return JSON.stringify(Buffer.from(value).toString("latin1"));
  if (Array.isArray(value)) return `[${value.map(toJson).join(",")}]`;
  if (typeof value === "object" && value !== null)
    return `{${Object.entries(value)
      .map(([k, v]) => `${JSON.stringify(k)}:${toJson(v)}`)
      .join(",")}}`;
  return JSON.stringify(value ?? null);
}

/** Block style, keys in the order they stand in, strings quoted where another reader would take them for something else. */
export function stringifyYaml(value: unknown): string {
  return yaml.dump(value, { lineWidth: -1, noRefs: true, schema: yaml.YAML11_SCHEMA });
}
