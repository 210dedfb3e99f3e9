import assert from "node:assert/strict";
import { test } from "node:test";
import { parseYaml, parseYamlAll, stringifyYaml, yamlToJson } from "./yaml.ts";

test("words that YAML 1.1 takes for booleans are booleans", () => {
  assert.deepEqual(parseYaml("[yes, no, on, off, y, true, 'yes']"), [true, false, true, false, true, true, "yes"]);
});

test("integers are read in every base, and times of day and dates stay strings", () => {
  assert.deepEqual(parseYaml("[0x1f, 0o17, 017, 0b11, 1_000, -5, 1:30, 2026-01-01, 1.5, .5, 1e3]"), [
    31,
    15,
    15,
    3,
    1000,
    -5,
    "1:30",
    "2026-01-01",
    1.5,
    0.5,
    1000,
  ]);
});

test("integers beyond 2^53 survive on the way to JSON", () => {
  assert.equal(yamlToJson("a: 9007199254740993\nb: [1, x]"), '{"a":9007199254740993,"b":[1,"x"]}');
});

test("documents of a stream are read in order, empty ones left out", () => {
  assert.deepEqual(parseYamlAll("a: 1\n---\n---\nb: 2\n"), [{ a: 1 }, { b: 2 }]);
});

test("merge keys bring in the fields of an anchor", () => {
  assert.deepEqual(parseYaml("x: &x {a: 1, b: 2}\nz:\n  <<: *x\n  b: 3\n"), { x: { a: 1, b: 2 }, z: { a: 1, b: 3 } });
});

test("a fault is told with its place", () => {
  assert.throws(() => parseYaml("a: [1, 2"), /\(\d+:\d+\)/);
});

test("what is written reads back the same", () => {
  const value = { a: "yes", b: "1", c: "a: b", d: ["x", { e: null }], f: "line\nline\n", g: "0x1f", h: "2026-01-01" };
  assert.deepEqual(parseYaml(stringifyYaml(value)), value);
});
