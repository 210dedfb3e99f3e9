/**
 * What the codecs cost for a typical pod, in microseconds of one core.
 *
 * usage: node bench/schema.ts
 */
import { readFileSync } from "node:fs";
import {
  decodeJson,
  decodeProtobuf,
  decodeProtobufBody,
  encodeJson,
  encodeProtobuf,
  encodeProtobufBody,
  normalize,
} from "../src/schema/codec.ts";
import { applyJsonPatch } from "../src/schema/patch/json-patch.ts";
import { applyMergePatch } from "../src/schema/patch/merge-patch.ts";
import { applyStrategicMergePatch } from "../src/schema/patch/strategic-merge-patch.ts";
import type { KubeObject } from "../src/schema/object.ts";

interface Sample {
  name: string;
  json: { items: KubeObject[] };
}
const samples = JSON.parse(readFileSync(new URL("../test/schema-samples/wire.json", import.meta.url), "utf8")) as Sample[];
const pod = { kind: "Pod", apiVersion: "v1", ...samples.find((s) => s.name === "pods")?.json.items[0] };
const type = "io.k8s.api.core.v1.Pod";
const gvk = { group: "", version: "v1", kind: "Pod" };
const text = Buffer.from(JSON.stringify(pod));
const { object } = decodeJson(text, type, "Strict");
const wire = encodeProtobuf(type, gvk, object);
const body = encodeProtobufBody(type, object);

/** The best of several rounds: what the code costs when nothing else runs. */
function measure(name: string, run: () => unknown): void {
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 8; round++) {
    const times = 2000;
    const start = process.cpuUsage();
    for (let i = 0; i < times; i++) run();
    const { user, system } = process.cpuUsage(start);
    best = Math.min(best, (user + system) / times);
  }
  console.log(`${name.padEnd(38)} ${best.toFixed(1).padStart(7)} µs`);
}

console.log(`a pod of ${text.length} bytes of JSON, ${wire.length} bytes of protobuf`);
measure("JSON.parse alone", () => JSON.parse(text.toString()));
measure("decodeJson, strict, of bytes", () => decodeJson(text, type, "Strict"));
measure("decodeJson, untyped (custom resource)", () => decodeJson(text, undefined, "Strict"));
measure("encodeJson", () => encodeJson(object));
measure("encodeProtobuf", () => encodeProtobuf(type, gvk, object));
measure("encodeProtobufBody", () => encodeProtobufBody(type, object));
measure("decodeProtobuf", () => decodeProtobuf(wire));
measure("decodeProtobufBody", () => decodeProtobufBody(type, body));
measure("normalize", () => normalize(type, object));
measure("JSON patch of a label", () => applyJsonPatch(object, [{ op: "add", path: "/metadata/labels/x", value: "y" }]));
measure("merge patch of a label", () => applyMergePatch(object, { metadata: { labels: { x: "y" } } }));
measure("strategic merge patch of a condition", () =>
  applyStrategicMergePatch(type, object, { status: { conditions: [{ type: "Ready", status: "True" }] } }),
);
