/**
 * OpenAPI v2 in protobuf (`openapi.v2.Document` of gnostic), which client-go asks for with
 * `application/com.github.proto-openapi.spec.v2@v1.0+protobuf`.
 */
import { GnosticWriter, type Json } from "./gnostic-writer.ts";
import type { SwaggerDocument } from "./v2.ts";

class Encoder extends GnosticWriter {
  document(d: SwaggerDocument): Uint8Array {
    this.messages(13, Object.entries(d.securityDefinitions), (e) => this.named(e, (v) => this.#securityDefinition(v as Json)));
    for (const requirement of d.security.toReversed()) {
      this.message(12, () => this.list(1, Object.entries(requirement), (e) => this.named(e, () => this.strings(1, e[1] as string[]))));
    }
    this.message(9, () => this.list(1, Object.entries(d.definitions), (e) => this.named(e, (v) => this.#schema(v as Json))));
    this.message(8, () => this.list(2, Object.entries(d.paths), (e) => this.named(e, (v) => this.#pathItem(v as Json))));
    this.message(2, () => {
      this.string(2, d.info.version);
      this.string(1, d.info.title);
    });
    this.string(1, d.swagger);
    return this.w.take();
  }

  #schema(s: Json): void {
    this.extensions(31, s);
    const properties = s["properties"] as Json | undefined;
    if (properties !== undefined)
      this.message(25, () => this.list(1, Object.entries(properties), (e) => this.named(e, (v) => this.#schema(v as Json))));
    const items = s["items"] as Json | undefined;
    if (items !== undefined) this.message(23, () => this.message(1, () => this.#schema(items)));
    if (typeof s["type"] === "string") this.message(22, () => this.strings(1, [s["type"]]));
    const additional = s["additionalProperties"];
    if (typeof additional === "object") this.message(21, () => this.message(1, () => this.#schema(additional as Json)));
    else if (typeof additional === "boolean") {
      this.message(21, () => {
        this.w.byte(additional ? 1 : 0);
        this.w.tag(2 << 3);
      });
    }
    this.list(20, (s["enum"] as unknown[] | undefined) ?? [], (v) => this.any(v));
    this.strings(19, s["required"]);
    this.integer(18, s["minProperties"]);
    this.integer(17, s["maxProperties"]);
    this.bool(16, s["uniqueItems"]);
    this.integer(15, s["minItems"]);
    this.integer(14, s["maxItems"]);
    this.string(13, s["pattern"]);
    this.integer(12, s["minLength"]);
    this.integer(11, s["maxLength"]);
    this.bool(10, s["exclusiveMinimum"]);
    this.double(9, s["minimum"]);
    this.bool(8, s["exclusiveMaximum"]);
    this.double(7, s["maximum"]);
    this.double(6, s["multipleOf"]);
    this.anyField(5, s["default"]);
    this.string(4, s["description"]);
    this.string(3, s["title"]);
    this.string(2, s["format"]);
    this.string(1, s["$ref"]);
  }

  #pathItem(item: Json): void {
    this.list(9, (item["parameters"] as Json[] | undefined) ?? [], (p) => this.#parameterItem(p));
    const methods: Record<string, number> = { patch: 8, head: 7, options: 6, delete: 5, post: 4, put: 3, get: 2 };
    for (const [method, number] of Object.entries(methods)) {
      const operation = item[method] as Json | undefined;
      if (operation !== undefined) this.message(number, () => this.#operation(operation));
    }
  }

  #operation(o: Json): void {
    this.extensions(13, o);
    this.strings(10, o["schemes"]);
    this.message(9, () =>
      this.list(1, Object.entries(o["responses"] as Json), (e) => this.named(e, (v) => this.message(1, () => this.#response(v as Json)))),
    );
    this.list(8, (o["parameters"] as Json[] | undefined) ?? [], (p) => this.#parameterItem(p));
    this.strings(7, o["consumes"]);
    this.strings(6, o["produces"]);
    this.string(5, o["operationId"]);
    this.string(3, o["description"]);
    this.strings(1, o["tags"]);
  }

  #response(r: Json): void {
    const schema = r["schema"] as Json | undefined;
    if (schema !== undefined) this.message(2, () => this.message(1, () => this.#schema(schema)));
    this.string(1, r["description"]);
  }

  /** ParametersItem → Parameter → body, or one that stands in the query or the path. */
  #parameterItem(p: Json): void {
    this.message(1, () => {
      if (p["in"] === "body") this.message(1, () => this.#bodyParameter(p));
      else this.message(2, () => this.message(p["in"] === "query" ? 3 : 4, () => this.#plainParameter(p, p["in"] === "query")));
    });
  }

  #bodyParameter(p: Json): void {
    this.message(5, () => this.#schema(p["schema"] as Json));
    this.bool(4, p["required"]);
    this.string(3, p["in"]);
    this.string(2, p["name"]);
    this.string(1, p["description"]);
  }

  #plainParameter(p: Json, query: boolean): void {
    this.bool(query ? 20 : 19, p["uniqueItems"]);
    this.string(query ? 6 : 5, p["type"]);
    this.string(4, p["name"]);
    this.string(3, p["description"]);
    this.string(2, p["in"]);
    this.bool(1, p["required"]);
  }

  #securityDefinition(d: Json): void {
    this.message(2, () => {
      this.string(4, d["description"]);
      this.string(3, d["in"]);
      this.string(2, d["name"]);
      this.string(1, d["type"]);
    });
  }
}

/** The bytes of the document. */
export function encodeOpenApiV2(document: SwaggerDocument): Uint8Array {
  return new Encoder().document(document);
}
