/** The codecs on what upstream's API server sent: `schema-samples/wire.json` holds objects in both formats. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import {
  decodeJson,
  decodeProtobuf,
  decodeProtobufBody,
  encodeJson,
  encodeProtobuf,
  encodeProtobufBody,
  encodeWatchEventBody,
  envelop,
} from "../src/schema/codec.ts";
import type { UnstructuredObject } from "../src/schema/object.ts";

interface Sample {
  name: string;
  json?: UnstructuredObject;
  protobuf: string;
}
const samples = JSON.parse(readFileSync(new URL("schema-samples/wire.json", import.meta.url), "utf8")) as Sample[];

for (const { name, json, protobuf } of samples) {
  if (json === undefined) continue;
  const bytes = Buffer.from(protobuf, "base64");
  describe(name, () => {
    test("decoded protobuf is the JSON upstream sends, in the same order", () => {
      assert.equal(encodeJson(decodeProtobuf(bytes).object), JSON.stringify(json));
    });

    test("encoding gives upstream's bytes back, from either format", () => {
      const { gvk, typeName, object } = decodeProtobuf(bytes);
      assert.deepEqual(Buffer.from(encodeProtobuf(typeName, gvk, object)), bytes);
      const { object: read, problems } = decodeJson(JSON.stringify(json), typeName, "Strict");
      assert.deepEqual(problems, []);
      assert.deepEqual(Buffer.from(encodeProtobuf(typeName, gvk, read)), bytes);
      assert.deepEqual(Buffer.from(envelop(gvk, encodeProtobufBody(typeName, object))), bytes);
    });

    test("normalised JSON is the JSON upstream sends", () => {
      const { typeName } = decodeProtobuf(bytes);
      assert.equal(encodeJson(decodeJson(JSON.stringify(json), typeName, "Ignore").object), JSON.stringify(json));
    });
  });
}

test("a watch frame holds an enveloped object and encodes to the same bytes", () => {
  const frame = Buffer.from(samples.find((s) => s.name === "watch frame")?.protobuf ?? "", "base64");
  const event = decodeProtobufBody("io.k8s.apimachinery.pkg.apis.meta.v1.WatchEvent", frame) as unknown as {
    type: string;
    object: UnstructuredObject;
  };
  assert.equal(event.type, "ADDED");
  assert.equal(event.object.kind, "Secret");
  const object = encodeProtobuf("io.k8s.api.core.v1.Secret", { group: "", version: "v1", kind: "Secret" }, event.object);
  assert.deepEqual(Buffer.from(encodeWatchEventBody("ADDED", object)), frame);
});
