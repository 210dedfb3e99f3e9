import assert from "node:assert/strict";
import { test } from "node:test";
import { encodeJson } from "./json-text.ts";
import { parseYaml, yamlDuplicates, parseYamlAll, stringifyYaml, yamlToJson } from "./yaml.ts";

test("scalars resolve as Go resolves them", () => {
  const answers: Record<string, string> = {
    yes: "true",
    off: "false",
    y: "true",
    "0o17": "15",
    "0644": "420",
    "0x1F": "31",
    "-0b11": "-3",
    "1_000": "1000",
    "08": "8",
    "1:30": '"1:30"',
    "2001-01-01": '"2001-01-01"',
    "2001-12-14T21:59:43Z": '"2001-12-14T21:59:43Z"',
    "~": "null",
    "": "null",
    ".5": "0.5",
    "1e3": "1000",
    "9007199254740993": "9007199254740993",
    "12345678901234567890": "12345678901234567890",
    "!!str 5": '"5"',
    "!!binary YWJj": '"abc"',
    '"yes"': '"yes"',
    nope: '"nope"',
  };
  for (const [text, json] of Object.entries(answers)) assert.equal(yamlToJson(`v: ${text}`), `{"v":${json}}`, text);
});

test("keys become strings, merges merge, and __proto__ is a key", () => {
  assert.equal(encodeJson(parseYaml("a: &x {p: 1}\nb: {<<: *x, q: 2}")), '{"a":{"p":1},"b":{"p":1,"q":2}}');
  assert.equal(yamlToJson("true: 1\n1.5: 2"), '{"true":1,"1.5":2}');
  const value = parseYaml("__proto__: {polluted: true}") as object;
  assert.deepEqual(Object.keys(value), ["__proto__"]);
  assert.equal(({} as { polluted?: boolean }).polluted, undefined);
});

test("documents are told apart, empty ones left out", () => {
  assert.deepEqual(parseYamlAll("a: 1\n---\n# nothing\n---\nb: 2\n"), [{ a: 1 }, { b: 2 }]);
  assert.deepEqual(parseYaml("---\na: 1\n---\nb: 2"), { a: 1 });
  assert.equal(parseYaml(""), null);
  assert.equal(parseYaml("# only this\n"), null);
});

test("the last of duplicate keys counts, unless it must not be", () => {
  assert.deepEqual(parseYaml("a: 1\na: 2"), { a: 2 });
  assert.throws(() => parseYaml("a: 1\na: 2", { strict: true }), {
    message: 'yaml: unmarshal errors:\n  line 2: key "a" already set in map',
  });
});

test("text that is no YAML is refused with its line", () => {
  assert.throws(() => parseYaml("a: [1\nb: 2"), /^Error: yaml: line 2: /);
});

test("YAML is written as Kubernetes' tools write it", () => {
  const value = {
    b: "x: y",
    a: "multi\nline\n",
    k: "y",
    n: "123",
    t: "1:30",
    l: [[1, 2], { a: 1, b: [] }],
    e: "",
    q: 'q"q',
    s: "tr ",
    o: {},
  };
  assert.equal(
    stringifyYaml(value),
    `a: |
  multi
  line
b: 'x: y'
e: ""
k: "y"
l:
- - 1
  - 2
- a: 1
  b: []
"n": "123"
o: {}
q: q"q
s: 'tr '
t: "1:30"
`,
  );
});

test("keys that come twice are told with their lines, as they are read", () => {
  const text = 'a: 1\nb: {c: 1, "c": 2}\na: 2\nn: 1\n\'n\': 2\nn: 3\n"q\\n": 1\n"q\\n": 2\n';
  assert.deepEqual(yamlDuplicates(text), [
    'line 2: key "c" already set in map',
    'line 3: key "a" already set in map',
    "line 6: key false already set in map",
    'line 8: key "q\\n" already set in map',
  ]);
  assert.deepEqual(yamlDuplicates("a: ["), []);
  assert.deepEqual(yamlDuplicates("a: 1"), []);
});
