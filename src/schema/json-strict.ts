/**
 * A typed walk over exactly read JSON that says what Go's decoder would say: unknown and duplicate fields in order, and the
 * error of a value that does not fit, with the struct, the path and the Go type in it. Runs only when the fast way found
 * that there is something to say.
 */
import { JsonMembers, type JsonNode, JsonNumber, plainJson, setOwn, untypedNumber } from "./json-exact.ts";
import { canonicalQuantity } from "../core/quantity.ts";
import { type FieldRow, goTypeOf, type Shape, type TypeRow, typeRow } from "./scheme.ts";
import { canonicalMicroTime, canonicalTime } from "./time.ts";

/** `cannot unmarshal VALUE into … of type TYPE`. */
class GoTypeError extends Error {
  /** `string`, `number 1.5`, `object` … */
  readonly value: string;
  readonly goType: string;
  field = "";
  struct = "";

  constructor(value: string, goType: string) {
    super();
    this.value = value;
    this.goType = goType;
  }

  describe(): string {
    const into = this.struct === "" && this.field === "" ? "Go value" : `Go struct field ${this.struct}.${this.field}`;
    return `json: cannot unmarshal ${this.value} into ${into} of type ${this.goType}`;
  }
}

function describe(error: Error): string {
  return error instanceof GoTypeError ? error.describe() : error.message;
}

export interface StrictResult {
  /** The plain tree, fit for the normaliser. */
  value: unknown;
  /** `unknown field "spec.foo"`, `duplicate field "spec.x"`: at most a hundred, none twice. */
  problems: string[];
}

/** What a decode says when a value does not fit; the message is Go's. */
export class JsonTypeError extends Error {}

/** Walks `node` as a `typeName`, or as untyped JSON. Throws {@link JsonTypeError}. */
export function readStrictly(node: JsonNode, typeName: string | undefined): StrictResult {
  const walk = new Walk();
  const value = walk.run(node, typeName);
  return { value, problems: walk.problems };
}

class Walk {
  readonly problems: string[] = [];
  readonly #seen = new Set<string>();
  #saved: Error | undefined;
  #path = "";
  #fields: string[] = [];
  #struct = "";

  run(node: JsonNode, typeName: string | undefined): unknown {
    let value: unknown;
    try {
      if (typeName === undefined) value = this.#untyped(node);
      else value = this.#value(node, { kind: "message", type: typeName }, typeRow(typeName).goName);
    } catch (error) {
      // An unmarshaller's own error ends the walk, and is told before one that was only noted.
      if (!(error instanceof Error)) throw error;
      throw new JsonTypeError(describe(this.#inContext(error)));
    }
    if (this.#saved !== undefined) throw new JsonTypeError(describe(this.#saved));
    return value;
  }

  #inContext(error: Error): Error {
    if (error instanceof GoTypeError && (this.#struct !== "" || this.#fields.length > 0)) {
      error.struct = this.#struct;
      error.field = [...this.#fields, ...(error.field === "" ? [] : [error.field])].join(".");
    }
    return error;
  }

  #save(error: Error): undefined {
    this.#saved ??= this.#inContext(error);
    return undefined;
  }

  #problem(kind: "unknown" | "duplicate", field: string): void {
    if (this.problems.length >= 100) return;
    const text = `${kind} field ${JSON.stringify(this.#path === "" ? field : `${this.#path}.${field}`)}`;
    if (this.#seen.has(text)) return;
    this.#seen.add(text);
    this.problems.push(text);
  }

  #value(node: JsonNode, shape: Shape, goType: string): unknown {
    if (node === null) return null;
    switch (shape.kind) {
      case "message": {
        const row = typeRow(shape.type);
        return row.special === undefined ? this.#message(node, row) : this.#special(node, row);
      }
      case "list":
        return this.#list(node, shape.item, goType);
      case "map":
        return this.#map(node, shape.value, goType);
      case "any":
        return this.#untyped(node);
      default:
        return this.#scalar(node, shape.kind, goType);
    }
  }

  #scalar(node: JsonNode, kind: string, goType: string): unknown {
    const found = kindOf(node);
    if (node instanceof JsonNumber) {
      if (kind === "float64") return Number(node.text);
      if (kind !== "int32" && kind !== "int64" && kind !== "uint32") return this.#save(new GoTypeError("number", goType));
      const value = integer(node.text, kind);
      return value ?? this.#save(new GoTypeError(`number ${node.text}`, goType));
    }
    if (found === "string" && kind === "bytes") {
      const at = corruptBase64(node as string);
      return at < 0 ? node : this.#save(new Error(`illegal base64 data at input byte ${at}`));
    }
    if ((found === "string" && kind === "string") || (found === "bool" && kind === "bool")) return node;
    return this.#save(new GoTypeError(found, goType));
  }

  #list(node: JsonNode, item: Shape, goType: string): unknown {
    if (!Array.isArray(node)) return this.#save(new GoTypeError(kindOf(node), goType));
    const itemType = goType.startsWith("[]") ? goType.slice(2).replace(/^\*/, "") : goTypeOf(item);
    const path = this.#path;
    const result = node.map((child, i) => {
      this.#path = `${path}[${i}]`;
      return this.#value(child, item, itemType);
    });
    this.#path = path;
    return result;
  }

  #map(node: JsonNode, shape: Shape, goType: string): unknown {
    if (!(node instanceof JsonMembers)) return this.#save(new GoTypeError(kindOf(node), goType));
    const valueType = /^map\[[^\]]*\](.*)$/.exec(goType)?.[1] ?? goTypeOf(shape);
    const result: Record<string, unknown> = {};
    this.#members(node, (key, child, path) => {
      this.#path = path === "" ? key : `${path}.${key}`;
      setOwn(result, key, this.#value(child, shape, valueType));
    });
    return result;
  }

  /** Visits the members, noting duplicates. */
  #members(node: JsonMembers, visit: (key: string, child: JsonNode, path: string) => void): void {
    const path = this.#path;
    const seen = new Set<string>();
    for (const [key, child] of node.members) {
      if (seen.has(key)) this.#problem("duplicate", key);
      seen.add(key);
      visit(key, child, path);
      this.#path = path;
    }
  }

  #message(node: JsonNode, row: TypeRow): unknown {
    if (!(node instanceof JsonMembers)) return this.#save(new GoTypeError(kindOf(node), row.goName));
    const result: Record<string, unknown> = {};
    const path = this.#path;
    const [fields, struct] = [this.#fields, this.#struct];
    const seen = new Set<string>();
    for (const [key, child] of node.members) {
      const field = row.byName.get(key);
      if (field === undefined) {
        this.#problem("unknown", key);
        continue;
      }
      if (seen.has(key)) this.#problem("duplicate", key);
      seen.add(key);
      this.#path = path === "" ? key : `${path}.${key}`;
      this.#fields = [...fields, ...embeddedNames(field), key];
      this.#struct = row.goName.slice(row.goName.lastIndexOf(".") + 1);
      result[key] = this.#value(child, field.shape, field.goType);
      this.#path = path;
    }
    this.#fields = fields;
    this.#struct = struct;
    return result;
  }

  #special(node: JsonNode, row: TypeRow): unknown {
    const found = kindOf(node);
    switch (row.special) {
      case "Quantity": {
        const text = node instanceof JsonNumber ? node.text : typeof node === "string" ? node.trim() : "{";
        return canonicalQuantity(text);
      }
      case "Time":
      case "MicroTime":
        if (typeof node !== "string") throw new GoTypeError(found, "string");
        return row.special === "Time" ? canonicalTime(node) : (canonicalMicroTime(node), node);
      case "IntOrString": {
        if (typeof node === "string") return node;
        if (!(node instanceof JsonNumber)) throw new GoTypeError(found, "int32");
        const value = integer(node.text, "int32");
        if (value === undefined) throw new GoTypeError(`number ${node.text}`, "int32");
        return value;
      }
      case "JSONSchemaPropsOrBool":
        if (found === "bool") return node;
        if (found !== "object") throw new Error("boolean or JSON schema expected");
        return this.#nested(node, { kind: "message", type: jsonSchemaProps });
      case "JSONSchemaPropsOrArray":
        if (found === "object") return this.#nested(node, { kind: "message", type: jsonSchemaProps });
        return found === "array"
          ? this.#nested(node, { kind: "list", item: { kind: "message", type: jsonSchemaProps }, wrapped: false })
          : null;
      case "JSONSchemaPropsOrStringArray":
        if (found === "object") return this.#nested(node, { kind: "message", type: jsonSchemaProps });
        return found === "array" ? this.#nested(node, { kind: "list", item: { kind: "string" }, wrapped: false }) : null;
      default:
        return plainJson(node);
    }
  }

  /** A type that unmarshals itself starts afresh, without looking for unknown or duplicate fields. */
  #nested(node: JsonNode, shape: Shape): unknown {
    const inner = new Walk();
    let value: unknown;
    try {
      value = inner.#value(node, shape, goTypeOf(shape));
    } catch (error) {
      throw error instanceof Error ? inner.#inContext(error) : error;
    }
    if (inner.#saved !== undefined) throw inner.#saved;
    return value;
  }

  #untyped(node: JsonNode): unknown {
    if (node instanceof JsonNumber) return untypedNumber(node.text);
    if (Array.isArray(node)) {
      const path = this.#path;
      const result = node.map((child, i) => {
        this.#path = `${path}[${i}]`;
        return this.#untyped(child);
      });
      this.#path = path;
      return result;
    }
    if (!(node instanceof JsonMembers)) return node;
    const result: Record<string, unknown> = {};
    this.#members(node, (key, child, path) => {
      this.#path = path === "" ? key : `${path}.${key}`;
      setOwn(result, key, this.#untyped(child));
    });
    return result;
  }
}

const jsonSchemaProps = "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps";

/** Go's names of the embedded structs a field comes through, outermost first. */
function embeddedNames(field: FieldRow): string[] {
  if (field.embed === undefined) return [];
  const inner = typeRow(field.embed.type).byName.get(field.name);
  return [field.embed.goName, ...(inner === undefined ? [] : embeddedNames(inner))];
}

function kindOf(node: JsonNode): string {
  if (node instanceof JsonNumber) return "number";
  if (Array.isArray(node)) return "array";
  if (node instanceof JsonMembers) return "object";
  if (node === null) return "null";
  return typeof node === "boolean" ? "bool" : "string";
}

/** The integer, exact; undefined when the text is none or it does not fit. */
function integer(text: string, kind: string): number | bigint | undefined {
  if (!/^-?\d+$/.test(text)) return undefined;
  const value = BigInt(text);
  const [min, max] =
    kind === "int32" ? [-(2n ** 31n), 2n ** 31n - 1n] : kind === "uint32" ? [0n, 2n ** 32n - 1n] : [-(2n ** 63n), 2n ** 63n - 1n];
  if (value < min || value > max) return undefined;
  const small = Number(value);
  return Number.isSafeInteger(small) ? small : value;
}

/** Where Go's standard base64 decoder stops, or −1 when it does not. */
export function corruptBase64(text: string): number {
  const valid = (c: string | undefined): boolean => c !== undefined && /[A-Za-z0-9+/]/.test(c);
  let at = 0;
  const next = (): string | undefined => {
    while (text[at] === "\n" || text[at] === "\r") at++;
    return text[at++];
  };
  for (;;) {
    let inQuantum = 0;
    for (; inQuantum < 4; inQuantum++) {
      const c = next();
      if (c === undefined) {
        at--;
        return inQuantum === 0 ? -1 : at - inQuantum;
      }
      if (valid(c)) continue;
      if (c !== "=" || inQuantum < 2) return at - 1;
      if (inQuantum === 2 && next() !== "=") return at > text.length ? text.length : at - 1;
      return next() === undefined ? -1 : at - 1;
    }
  }
}
