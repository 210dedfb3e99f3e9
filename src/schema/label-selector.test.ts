import assert from "node:assert/strict";
import { test } from "node:test";
import { FieldPath } from "./field-error.ts";
import { parseFieldSelector } from "./field-selector.ts";
import { labelSelectorMatcher, parseLabelSelector, validateLabelSelector } from "./label-selector.ts";

const key =
  "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
const value =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";

test("a selector that cannot be read gets upstream's message", () => {
  const answers: Record<string, string> = {
    "a in": "unable to parse requirement: found '' expected: '('",
    "a=b=c": "found '=', expected: ',' or 'end of string'",
    ",a": "found ',', expected: !, identifier, or 'end of string'",
    "a,": "found '', expected: identifier after ','",
    "a in (x": "unable to parse requirement: found '', expected: ',' or ')'",
    "-a=b": `unable to parse requirement: <nil>: Invalid value: "-a": name part ${key}`,
    "a=-b": `unable to parse requirement: values[0][a]: Invalid value: "-b": ${value}`,
    "a>x": `unable to parse requirement: values[0]: Invalid value: "x": for 'Gt', 'Lt' operators, the value must be an integer`,
    "!!a": "unable to parse requirement: found '!', expected: identifier",
    "a b": "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt",
    "a=(": "unable to parse requirement: found '(', expected: identifier",
    "=a": "found '=', expected: !, identifier, or 'end of string'",
    "a/b/c=d": `unable to parse requirement: <nil>: Invalid value: "a/b/c": a valid label key ${key} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`,
  };
  for (const [text, message] of Object.entries(answers)) assert.throws(() => parseLabelSelector(text), { code: 400, message }, text);
});

test("selectors match as upstream's", () => {
  const labels = { app: "web", tier: "a", n: "7" };
  const yes = [
    "",
    "app",
    "app=web",
    "app==web",
    "tier in (a,b)",
    "tier notin (c)",
    "x notin (y)",
    "!x",
    "x!=1",
    "n>6,n<8",
    "app,tier",
    "\0",
  ];
  const no = ["x", "app=w", "app!=web", "tier notin (a, b)", "!app", "n>7", "app>1", "tier in ()", "constructor"];
  for (const text of yes) assert.equal(parseLabelSelector(text).matches(labels), true, text);
  for (const text of no) assert.equal(parseLabelSelector(text).matches(labels), false, text);
  assert.equal(parseLabelSelector("in in (in,notin)").matches({ in: "in" }), true);
});

test("a selector prints in the canonical form", () => {
  assert.equal(parseLabelSelector("z, a in (y,x,y) ,!b,c== d,e!=f,g>1").toString(), "a in (x,y),!b,c==d,e!=f,g>1,z");
});

test("an absent LabelSelector matches nothing, an empty one everything", () => {
  assert.equal(labelSelectorMatcher(undefined).matches({}), false);
  assert.equal(labelSelectorMatcher({}).matches({ a: "b" }), true);
  assert.equal(labelSelectorMatcher({}).empty, true);
  const matcher = labelSelectorMatcher({ matchLabels: { a: "b" }, matchExpressions: [{ key: "c", operator: "DoesNotExist" }] });
  assert.equal(matcher.matches({ a: "b" }), true);
  assert.equal(matcher.matches({ a: "b", c: "" }), false);
});

test("a LabelSelector's faults are field errors", () => {
  const errors = validateLabelSelector(
    {
      matchExpressions: [
        { key: "a", operator: "In" },
        { key: "b", operator: "Exists", values: ["x"] },
        { key: "c", operator: "Like" },
      ],
    },
    new FieldPath("spec.selector"),
  );
  assert.deepEqual(
    errors.map((e) => `${e.field}: ${e.body}`),
    [
      "spec.selector.matchExpressions[0].values: Required value: must be specified when `operator` is 'In' or 'NotIn'",
      "spec.selector.matchExpressions[1].values: Forbidden: may not be specified when `operator` is 'Exists' or 'DoesNotExist'",
      'spec.selector.matchExpressions[2].operator: Invalid value: "Like": not a valid selector operator',
    ],
  );
});

test("field selectors read, match and refuse as upstream's", () => {
  const selector = parseFieldSelector("status.phase!=Running,metadata.name=a\\,b");
  assert.equal(selector.matches({ "metadata.name": "a,b", "status.phase": "Pending" }), true);
  assert.equal(selector.matches({ "metadata.name": "a,b", "status.phase": "Running" }), false);
  assert.equal(selector.exact("metadata.name"), "a,b");
  assert.equal(selector.toString(), "metadata.name=a\\,b,status.phase!=Running");
  assert.equal(parseFieldSelector("a==").matches({}), true);
  assert.throws(() => parseFieldSelector("metadata.name"), {
    message: "invalid selector: 'metadata.name'; can't understand 'metadata.name'",
  });
  assert.throws(() => parseFieldSelector("metadata.name=a\\x"), { message: "invalid field selector: invalid escape sequence: \\x" });
  assert.throws(() => parseFieldSelector("metadata.name=a=b"), { message: "invalid field selector: unescaped character in value: 61" });
});
