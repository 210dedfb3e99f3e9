/**
 * Reads a versioned configuration document (YAML or JSON) as strictly as upstream's decoders do: the version must be known, and
 * every field too. All faults are told at once.
 */
import { parseYaml, YamlError } from "../../../lang/yaml.ts";

/** What a field may hold. */
export type Shape =
  | "string"
  | "boolean"
  | "integer"
  | "any"
  | { readonly list: Shape }
  | { readonly map: Shape }
  | { readonly fields: Readonly<Record<string, Shape>> };

export interface DocumentType {
  /** Served `apiVersion`s. */
  readonly versions: readonly string[];
  readonly kind: string;
  readonly fields: Readonly<Record<string, Shape>>;
  /** Fields that are not known are left aside: some old configurations are read so. */
  readonly lenient?: boolean;
}

/** A configuration that cannot be used; the message is upstream's, without the file's name. */
export class ConfigurationError extends Error {
  /** Neither kind nor version are ones that are known here: another format may be meant. */
  readonly unknownType: boolean;

  constructor(message: string, unknownType = false) {
    super(message);
    this.name = "ConfigurationError";
    this.unknownType = unknownType;
  }
}

/** The document as plain data, `apiVersion` and `kind` included. Throws {@link ConfigurationError}. */
export function readDocument(text: string, types: readonly DocumentType[]): Record<string, unknown> {
  const value = readYaml(text);
  if (!isObject(value)) throw new ConfigurationError("couldn't get version/kind; json parse error: cannot unmarshal into an object");
  const { apiVersion, kind } = value;
  if (typeof kind !== "string" || kind === "") throw new ConfigurationError(`Object 'Kind' is missing in '${text.trim()}'`, true);
  if (typeof apiVersion !== "string" || apiVersion === "")
    throw new ConfigurationError(`Object 'apiVersion' is missing in '${text.trim()}'`, true);
  const type = types.find((t) => t.kind === kind && t.versions.includes(apiVersion));
  if (type === undefined)
    throw new ConfigurationError(`no kind ${JSON.stringify(kind)} is registered for version ${JSON.stringify(apiVersion)}`, true);
  const all = documentFaults(value, { apiVersion: "string", kind: "string", ...type.fields });
  const faults = type.lenient === true ? all.filter((fault) => !fault.startsWith("unknown field")) : all;
  if (faults.length > 0) throw new ConfigurationError(`strict decoding error: ${faults.join(", ")}`);
  return value;
}

/** Any YAML or JSON; throws {@link ConfigurationError}. */
export function readYaml(text: string): unknown {
  try {
    return parseYaml(text, { strict: true });
  } catch (error) {
    if (error instanceof YamlError) throw new ConfigurationError(`error converting YAML to JSON: ${error.message}`);
    throw error;
  }
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Unknown fields and values of the wrong type. */
export function documentFaults(value: Record<string, unknown>, fields: Readonly<Record<string, Shape>>): string[] {
  const faults: string[] = [];
  walk(value, { fields }, "", faults);
  return faults;
}

function walk(value: unknown, shape: Shape, path: string, faults: string[]): void {
  if (value === null || value === undefined || shape === "any") return;
  if (shape === "string" || shape === "boolean" || shape === "integer") {
    const fits =
      shape === "integer" ? typeof value === "bigint" || (typeof value === "number" && Number.isInteger(value)) : typeof value === shape;
    if (!fits) faults.push(`json: cannot unmarshal ${jsonKind(value)} into field ${path} of type ${shape}`);
  } else if ("list" in shape) {
    if (!Array.isArray(value)) faults.push(`json: cannot unmarshal ${jsonKind(value)} into field ${path} of type list`);
    else value.forEach((item, i) => walk(item, shape.list, `${path}[${i}]`, faults));
  } else if (!isObject(value)) faults.push(`json: cannot unmarshal ${jsonKind(value)} into field ${path} of type object`);
  else {
    for (const [key, item] of Object.entries(value)) {
      const at = path === "" ? key : `${path}.${key}`;
      if ("map" in shape) walk(item, shape.map, at, faults);
      else if (!Object.hasOwn(shape.fields, key)) faults.push(`unknown field ${JSON.stringify(at)}`);
      else walk(item, shape.fields[key] as Shape, at, faults);
    }
  }
}

function jsonKind(value: unknown): string {
  if (Array.isArray(value)) return "array";
  return typeof value === "boolean" ? "bool" : typeof value === "bigint" ? "number" : typeof value;
}
