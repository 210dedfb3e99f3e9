import assert from "node:assert/strict";
import { test } from "node:test";
import { overlaps, parseCidr } from "./cidr.ts";
import { defaultRanges, resolveConfig, UsageError } from "./options.ts";

test("the defaults of a fresh cluster are an embedded store on port 6443 and three ranges that do not meet", () => {
  const c = resolveConfig({ dataDir: "/d" }, undefined);
  assert.equal(c.name, "dev");
  assert.equal(c.port, 6443);
  assert.deepEqual(c.store, { kind: "embedded" });
  assert.ok(!overlaps(parseCidr(c.podCidr), parseCidr(c.serviceCidr)));
  assert.ok(!overlaps(parseCidr(c.podCidr), parseCidr(c.nodeCidr)));
});

test("every fault of the options is told at once, each naming its option", () => {
  assert.throws(
    () => resolveConfig({ name: "Dev!", port: 70000, podCidr: "nonsense", nodes: -1, store: "redis" }, undefined),
    (e) => e instanceof UsageError && ["--name", "--port", "--pod-cidr", "--nodes", "--store"].every((f) => e.message.includes(f)),
  );
});

test("ranges that overlap are refused with both of them named", () => {
  assert.throws(
    () => resolveConfig({ podCidr: "10.1.0.0/16", serviceCidr: "10.1.128.0/20" }, undefined),
    /--pod-cidr: 10\.1\.0\.0\/16 overlaps --service-cidr 10\.1\.128\.0\/20/,
  );
});

test("a later up keeps what the first one chose, and refuses another service range", () => {
  const first = resolveConfig({ name: "a", port: 7000, nodes: 2, dataDir: "/d" }, undefined);
  const again = resolveConfig({ name: "a" }, first);
  assert.equal(again.port, 7000);
  assert.equal(again.nodes, 2);
  assert.throws(() => resolveConfig({ name: "a", serviceCidr: "10.99.0.0/16" }, first), /--service-cidr: this cluster was made with/);
});

test("clusters of different names get ranges of their own", () => {
  assert.notDeepEqual(defaultRanges("dev"), defaultRanges("prod"));
  assert.notDeepEqual(defaultRanges("dev"), defaultRanges("dev", 1));
  assert.notEqual(resolveConfig({ name: "dev", rangeTurn: 1 }, undefined).podCidr, resolveConfig({ name: "dev" }, undefined).podCidr);
});
