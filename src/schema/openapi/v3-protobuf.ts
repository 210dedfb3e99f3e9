/**
 * OpenAPI v3 in protobuf (`openapi.v3.Document` of gnostic), which kubectl asks for with
 * `application/com.github.proto-openapi.spec.v3@v1.0+protobuf`.
 */
import { GnosticWriter, type Json } from "./gnostic-writer.ts";

class Encoder extends GnosticWriter {
  document(d: Json): Uint8Array {
    const { components, paths, info } = d as { components?: Json; paths?: Json; info?: Json };
    if (components !== undefined) this.message(5, () => this.#components(components));
    this.message(4, () => this.list(1, Object.entries(paths ?? {}), (e) => this.named(e, (v) => this.#pathItem(v as Json))));
    this.message(2, () => {
      this.string(6, info?.["version"]);
      this.string(2, info?.["description"]);
      this.string(1, info?.["title"]);
    });
    this.string(1, d["openapi"]);
    return this.w.take();
  }

  #components(c: Json): void {
    const { securitySchemes, schemas } = c as { securitySchemes?: Json; schemas?: Json };
    if (securitySchemes !== undefined) {
      this.messages(7, Object.entries(securitySchemes), (e) =>
        this.named(e, (v) => this.message(1, () => this.#securityScheme(v as Json))),
      );
    }
    if (schemas !== undefined) this.messages(1, Object.entries(schemas), (e) => this.named(e, (v) => this.#schemaOrReference(v as Json)));
  }

  #securityScheme(s: Json): void {
    this.string(4, s["in"]);
    this.string(3, s["name"]);
    this.string(2, s["description"]);
    this.string(1, s["type"]);
  }

  #pathItem(item: Json): void {
    this.extensions(14, item);
    this.list(13, (item["parameters"] as Json[] | undefined) ?? [], (p) => this.#parameter(p));
    const methods: Record<string, number> = { trace: 11, patch: 10, head: 9, options: 8, delete: 7, post: 6, put: 5, get: 4 };
    for (const [method, number] of Object.entries(methods)) {
      const operation = item[method] as Json | undefined;
      if (operation !== undefined) this.message(number, () => this.#operation(operation));
    }
    this.string(3, item["description"]);
    this.string(2, item["summary"]);
  }

  #operation(o: Json): void {
    this.extensions(13, o);
    this.bool(10, o["deprecated"]);
    const responses = (o["responses"] ?? {}) as Json;
    this.message(8, () => this.list(2, Object.entries(responses), (e) => this.named(e, (v) => this.#response(v as Json))));
    const body = o["requestBody"] as Json | undefined;
    if (body !== undefined) this.message(7, () => this.message(1, () => this.#requestBody(body)));
    this.list(6, (o["parameters"] as Json[] | undefined) ?? [], (p) => this.#parameter(p));
    this.string(5, o["operationId"]);
    this.string(3, o["description"]);
    this.string(2, o["summary"]);
    this.strings(1, o["tags"]);
  }

  #requestBody(b: Json): void {
    this.bool(3, b["required"]);
    this.#content(2, b["content"]);
    this.string(1, b["description"]);
  }

  #response(r: Json): void {
    this.message(1, () => {
      this.#content(3, r["content"]);
      this.string(1, r["description"]);
    });
  }

  #content(number: number, content: unknown): void {
    if (content === undefined) return;
    this.messages(number, Object.entries(content as Json), (e) =>
      this.named(e, (v) => {
        const schema = (v as Json)["schema"] as Json | undefined;
        if (schema !== undefined) this.message(1, () => this.#schemaOrReference(schema));
      }),
    );
  }

  #parameter(p: Json): void {
    this.message(1, () => {
      this.#content(13, p["content"]);
      const schema = p["schema"] as Json | undefined;
      if (schema !== undefined) this.message(10, () => this.#schemaOrReference(schema));
      this.bool(8, p["explode"]);
      this.string(7, p["style"]);
      this.bool(4, p["required"]);
      this.string(3, p["description"]);
      this.string(2, p["in"]);
      this.string(1, p["name"]);
    });
  }

  #schemaOrReference(s: Json): void {
    if (s["$ref"] === undefined) this.message(1, () => this.#schema(s));
    else {
      this.message(2, () => {
        this.string(3, s["description"]);
        this.string(1, s["$ref"]);
      });
    }
  }

  #schemas(number: number, schemas: unknown): void {
    this.list(number, (schemas as Json[] | undefined) ?? [], (s) => this.#schemaOrReference(s));
  }

  #schema(s: Json): void {
    this.extensions(36, s);
    this.string(35, s["format"]);
    this.string(34, s["description"]);
    if (s["default"] !== undefined) this.message(33, () => this.#default(s["default"]));
    const additional = s["additionalProperties"];
    if (typeof additional === "object") this.message(32, () => this.message(1, () => this.#schemaOrReference(additional as Json)));
    else if (typeof additional === "boolean") this.message(32, () => this.#boolean(2, additional));
    const properties = s["properties"] as Json | undefined;
    if (properties !== undefined) {
      this.messages(31, Object.entries(properties), (e) => this.named(e, (v) => this.#schemaOrReference(v as Json)));
    }
    const items = s["items"] as Json | undefined;
    if (items !== undefined) this.message(30, () => this.message(1, () => this.#schemaOrReference(items)));
    const not = s["not"] as Json | undefined;
    if (not !== undefined) this.message(29, () => this.#schema(not));
    this.#schemas(28, s["anyOf"]);
    this.#schemas(27, s["oneOf"]);
    this.#schemas(26, s["allOf"]);
    this.string(25, s["type"]);
    this.list(24, (s["enum"] as unknown[] | undefined) ?? [], (v) => this.any(v));
    this.strings(23, s["required"]);
    this.integer(22, s["minProperties"]);
    this.integer(21, s["maxProperties"]);
    this.bool(20, s["uniqueItems"]);
    this.integer(19, s["minItems"]);
    this.integer(18, s["maxItems"]);
    this.string(17, s["pattern"]);
    this.integer(16, s["minLength"]);
    this.integer(15, s["maxLength"]);
    this.bool(14, s["exclusiveMinimum"]);
    this.double(13, s["minimum"]);
    this.bool(12, s["exclusiveMaximum"]);
    this.double(11, s["maximum"]);
    this.double(10, s["multipleOf"]);
    this.string(9, s["title"]);
    this.bool(8, s["deprecated"]);
    this.anyField(7, s["example"]);
    this.bool(1, s["nullable"]);
  }

  /** Of other shapes (`{}`) gnostic tells only that there is one. */
  #default(value: unknown): void {
    if (typeof value === "string") {
      this.w.string(value);
      this.w.tag((3 << 3) | 2);
    } else if (typeof value === "boolean") this.#boolean(2, value);
    else if (typeof value === "number") {
      this.w.double(value);
      this.w.tag((1 << 3) | 1);
    }
  }

  #boolean(number: number, value: boolean): void {
    this.w.byte(value ? 1 : 0);
    this.w.tag(number << 3);
  }
}

/** The bytes of a v3 document. */
export function encodeOpenApiV3(document: object): Uint8Array {
  return new Encoder().document(document as Json);
}
