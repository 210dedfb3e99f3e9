/**
 * Reads a versioned configuration file as upstream's strict decoder does: kind and version must be known ones, every field too,
 * none twice. Messages are Go's, with the struct and the path in them.
 */
import { parseGoDuration } from "../../core/go-duration.ts";
import { parseYaml, YamlError } from "../../lang/yaml.ts";
import { goQuote } from "../../core/go-quote.ts";

/** What a field may hold. `name`: the struct's in Go, which messages show. */
export type ConfigShape =
  | "string"
  | "bool"
  | "int"
  | "duration"
  | { readonly list: ConfigShape }
  | { readonly name: string; readonly fields: Readonly<Record<string, ConfigShape>> };

export interface ConfigKind {
  readonly kind: string;
  /** Whole `apiVersion`s. */
  readonly versions: readonly string[];
  readonly shape: Extract<ConfigShape, { name: string }>;
}

/** A file that cannot be used; the message is upstream's, without the file's name. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
}

type Json = Readonly<Record<string, unknown>>;

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The plain document. Throws {@link ConfigError}. */
export function readConfigDocument(text: string, known: ConfigKind): Json {
  const value = read(text, false);
  if (!isObject(value)) {
    throw new ConfigError(
      `couldn't get version/kind; json parse error: json: cannot unmarshal ${kindOf(value)} into Go value of type struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }`,
    );
  }
  const { apiVersion, kind } = value;
  if (typeof kind !== "string" || kind === "") throw new ConfigError(`Object 'Kind' is missing in '${text}'`);
  if (typeof apiVersion !== "string" || apiVersion === "") throw new ConfigError(`Object 'apiVersion' is missing in '${text}'`);
  if (kind !== known.kind || !known.versions.includes(apiVersion)) {
    throw new ConfigError(
      `no kind ${goQuote(kind)} is registered for version ${goQuote(apiVersion)} in scheme "pkg/runtime/scheme.go:111"`,
    );
  }
  const problems: string[] = [];
  const fault = walk(
    value,
    { ...known.shape, fields: { apiVersion: "string", kind: "string", ...known.shape.fields } },
    "",
    known.shape.name,
    problems,
  );
  if (fault !== undefined) throw new ConfigError(fault);
  try {
    read(text, true);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    problems.unshift(error.message);
  }
  if (problems.length > 0) throw new ConfigError(`strict decoding error: ${problems.join(", ")}`);
  return value;
}

function read(text: string, strict: boolean): unknown {
  try {
    return parseYaml(text, { strict });
  } catch (error) {
    if (error instanceof YamlError) throw new ConfigError(error.message);
    throw error;
  }
}

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return "array";
  if (typeof value === "boolean") return "bool";
  return typeof value === "bigint" ? "number" : typeof value;
}

/** What Go's time.ParseDuration has against a text. */
function durationFault(text: string): string {
  const rest = text.replace(/^[-+]/, "").replace(/^(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))*/, "");
  const [, number, unit = ""] = /^(\d+\.?\d*|\.\d+)([^\d.]*)/.exec(rest) ?? [];
  if (number === undefined) return `time: invalid duration ${goQuote(text)}`;
  return unit === ""
    ? `time: missing unit in duration ${goQuote(text)}`
    : `time: unknown unit ${goQuote(unit)} in duration ${goQuote(text)}`;
}

const goTypes: Readonly<Record<string, string>> = { string: "string", bool: "bool", int: "int32", duration: "string" };
const jsonTypes: Readonly<Record<string, string>> = { string: "string", bool: "boolean", int: "number", duration: "string" };

/** What does not fit, or undefined; unknown fields go to `problems`. `struct`: the one that the value is a field of. */
function walk(value: unknown, shape: ConfigShape, path: string, struct: string, problems: string[]): string | undefined {
  if (value === null || value === undefined) return undefined;
  const wrong = (type: string): string =>
    `json: cannot unmarshal ${kindOf(value)} into Go ${path === "" ? "value" : `struct field ${struct}.${path.replace(/\[\d+\]/g, "")}`} of type ${type}`;
  if (typeof shape === "string") {
    if (typeof value !== jsonTypes[shape]) return wrong(goTypes[shape] as string);
    if (shape === "duration" && parseGoDuration(value as string) === undefined) return durationFault(value as string);
    return undefined;
  }
  if ("list" in shape) {
    if (!Array.isArray(value))
      return wrong(`[]${typeof shape.list === "string" ? shape.list : "name" in shape.list ? `v1.${shape.list.name}` : ""}`);
    for (const [i, item] of value.entries()) {
      const fault = walk(item, shape.list, `${path}[${i}]`, struct, problems);
      if (fault !== undefined) return fault;
    }
    return undefined;
  }
  if (!isObject(value)) return wrong(`v1.${shape.name}`);
  for (const [key, item] of Object.entries(value)) {
    const at = path === "" ? key : `${path}.${key}`;
    if (!Object.hasOwn(shape.fields, key)) problems.push(`unknown field ${goQuote(at)}`);
    else {
      const fault = walk(item, shape.fields[key] as ConfigShape, at, shape.name, problems);
      if (fault !== undefined) return fault;
    }
  }
  return undefined;
}
