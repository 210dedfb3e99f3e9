import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { gunzipSync } from "node:zlib";
import { FakeClock } from "../../core/clock.ts";
import type { AuditBackend } from "./backend.ts";
import { BatchBackend } from "./batch.ts";
import { type AuditEvent, encodeEvent, legacyLine } from "./event.ts";
import { LogBackend } from "./log-backend.ts";
import { RotatingFile } from "./rotating-file.ts";
import { truncatingBackend } from "./truncate.ts";

function event(change: Partial<AuditEvent> = {}): AuditEvent {
  return {
    level: "RequestResponse",
    auditId: "id-1",
    stage: "ResponseComplete",
    requestUri: "/api/v1/namespaces/a/configmaps",
    verb: "create",
    user: { name: "jane", groups: ["devs", "qa"], extra: { b: ["2"], a: ["1"] } },
    impersonated: undefined,
    impersonationConstraint: undefined,
    sourceIps: ["10.0.0.1"],
    userAgent: "curl/8",
    objectRef: undefined,
    responseStatus: { code: 201 },
    requestObject: undefined,
    responseObject: undefined,
    requestReceived: Date.UTC(2026, 0, 1),
    stageAt: Date.UTC(2026, 0, 1, 0, 0, 1),
    annotations: undefined,
    ...change,
  };
}

const text = (e: AuditEvent): string =>
  encodeEvent(e)
    .map((part) => (typeof part === "string" ? part : Buffer.from(part).toString()))
    .join("");

function collecting(): { backend: AuditBackend; batches: AuditEvent[][] } {
  const batches: AuditEvent[][] = [];
  return { batches, backend: { process: (events) => (batches.push([...events]), true), close: () => Promise.resolve() } };
}

const lost: string[] = [];
const failed = (plugin: string, why: string, events: readonly AuditEvent[]): void => void lost.push(`${plugin}: ${why} (${events.length})`);

void test("an event is one JSON text with upstream's fields in their order, objects as they were sent", () => {
  const objectRef = {
    resource: "configmaps",
    namespace: "a",
    name: "x",
    uid: "",
    apiGroup: "",
    apiVersion: "v1",
    resourceVersion: "",
    subresource: "",
  };
  const bytes = [Buffer.from('{"kind":"ConfigMap",'), Buffer.from('"data":{}}')];
  const annotations = new Map([
    ["z", "1"],
    ["b", "2"],
  ]);
  assert.equal(
    text(event({ objectRef, requestObject: '{"a":1}', responseObject: bytes, annotations })),
    '{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"RequestResponse","auditID":"id-1","stage":"ResponseComplete","requestURI":"/api/v1/namespaces/a/configmaps","verb":"create","user":{"username":"jane","groups":["devs","qa"],"extra":{"a":["1"],"b":["2"]}},"sourceIPs":["10.0.0.1"],"userAgent":"curl/8","objectRef":{"resource":"configmaps","namespace":"a","name":"x","apiVersion":"v1"},"responseStatus":{"metadata":{},"code":201},"requestObject":{"a":1},"responseObject":{"kind":"ConfigMap","data":{}},"requestReceivedTimestamp":"2026-01-01T00:00:00.000000Z","stageTimestamp":"2026-01-01T00:00:01.000000Z","annotations":{"b":"2","z":"1"}}',
  );
});

void test("the legacy format is a line of pairs", () => {
  assert.equal(
    legacyLine(event()),
    '2026-01-01T00:00:00Z AUDIT: id="id-1" stage="ResponseComplete" ip="10.0.0.1" method="create" user="jane" groups="\\"devs\\",\\"qa\\"" as="<self>" asgroups="<lookup>" user-agent="curl/8" namespace="<none>" uri="/api/v1/namespaces/a/configmaps" response="201"',
  );
});

void test("a file that is full is kept under the time, and a new one begins; old ones are compressed, bounded in number", async (t) => {
  const dir = mkdtempSync(join(tmpdir(), "audit-"));
  t.after(() => rmSync(dir, { recursive: true }));
  const clock = new FakeClock();
  const file = new RotatingFile({
    path: join(dir, "sub", "audit.log"),
    maxSize: 1,
    maxAge: 0,
    maxBackups: 2,
    compress: true,
    clock,
    warn: assert.fail,
  });
  const line = Buffer.alloc(600 * 1024, "x");
  for (let i = 0; i < 4; i++) {
    file.write([{ parts: [line], size: line.length }]);
    await clock.advance(1000);
    await file.settled();
  }
  file.close();
  assert.deepEqual(readdirSync(join(dir, "sub")).sort(), [
    "audit-2026-01-01T00-00-02.000.log.gz",
    "audit-2026-01-01T00-00-03.000.log.gz",
    "audit.log",
  ]);
  assert.equal(gunzipSync(readFileSync(join(dir, "sub", "audit-2026-01-01T00-00-03.000.log.gz"))).length, line.length);
  assert.throws(() => file.write([{ parts: [], size: 1024 * 1024 + 1 }]), /exceeds maximum file size/);
});

void test("events of one turn are written together, strict ones at once", async (t) => {
  const dir = mkdtempSync(join(tmpdir(), "audit-"));
  t.after(() => rmSync(dir, { recursive: true }));
  const path = join(dir, "a.log");
  const options = { path, maxSize: 1, maxAge: 0, maxBackups: 0, compress: false, clock: new FakeClock(), warn: assert.fail };
  const backend = new LogBackend({ format: "json", to: new RotatingFile(options), strict: false }, failed);
  backend.process([event()]);
  assert.equal(existsSync(path), false);
  await backend.close();
  assert.equal(readFileSync(path, "utf8").split("\n").length, 2);
  const strict = new LogBackend({ format: "legacy", to: new RotatingFile(options), strict: true }, failed);
  assert.equal(strict.process([event()]), true);
  assert.match(readFileSync(path, "utf8").split("\n")[1] ?? "", /AUDIT: id="id-1"/);
  await strict.close();
});

void test("batches go when they are full or have waited long enough; beyond the buffer events are lost and told", async () => {
  const { backend, batches } = collecting();
  const clock = new FakeClock();
  const options = { bufferSize: 3, maxBatchSize: 2, maxBatchWait: 1000, throttle: undefined, parallel: false };
  const batch = new BatchBackend(backend, options, clock, failed);
  batch.process([event()]);
  await clock.advance(999);
  assert.equal(batches.length, 0);
  await clock.advance(1);
  assert.deepEqual(
    batches.map((b) => b.length),
    [1],
  );
  lost.length = 0;
  batch.process([event(), event(), event(), event()]);
  assert.deepEqual(lost, ["buffered: audit buffer queue blocked (1)"]);
  await batch.close();
  assert.deepEqual(
    batches.map((b) => b.length),
    [1, 2, 1],
  );
  batch.process([event()]);
  assert.equal(lost.at(-1), "buffered: audit backend shut down (1)");
});

void test("a throttle spaces batches after its burst", async () => {
  const { backend, batches } = collecting();
  const clock = new FakeClock();
  const options = { bufferSize: 100, maxBatchSize: 1, maxBatchWait: 0, throttle: { qps: 1, burst: 2 }, parallel: false };
  const batch = new BatchBackend(backend, options, clock, failed);
  batch.process([event(), event(), event(), event()]);
  await clock.advance(0);
  assert.equal(batches.length, 2);
  await clock.advance(1000);
  assert.equal(batches.length, 3);
  await clock.advance(1000);
  assert.equal(batches.length, 4);
  await batch.close();
});

void test("an event that is too large loses its objects, and one that still is is lost; batches are divided", () => {
  const { backend, batches } = collecting();
  lost.length = 0;
  const truncating = truncatingBackend(backend, { maxEventSize: 1000, maxBatchSize: 1200 }, failed);
  void truncating.process([event({ requestObject: JSON.stringify("x".repeat(2000)) }), event(), event({ userAgent: "u".repeat(2000) })]);
  assert.deepEqual(
    batches.map((b) => b.length),
    [2],
  );
  assert.equal(batches[0]?.[0]?.requestObject, undefined);
  assert.deepEqual(Object.fromEntries(batches[0]?.[0]?.annotations ?? []), { "audit.k8s.io/truncated": "true" });
  assert.deepEqual(lost, ["truncate: event is too large even after truncating (1)"]);
  void truncating.process([event(), event(), event()]);
  assert.ok(batches.length > 2);
});
