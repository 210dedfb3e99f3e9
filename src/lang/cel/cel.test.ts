import assert from "node:assert/strict";
import { test } from "node:test";
import {
  analyse,
  CelError,
  CelSyntaxError,
  celEnvironment,
  compile,
  KUBERNETES_LISTS,
  KUBERNETES_REGEX,
  LISTS,
  OPTIONALS,
  program,
  SETS,
  showProblems,
  STANDARD,
  STRINGS,
  TWO_VARIABLES,
} from "./index.ts";
import { BOOL, DOUBLE, formatType, INT, listOf, objectType, STRING } from "./types.ts";
import { EntryMap } from "./values.ts";

const env = celEnvironment([STANDARD, TWO_VARIABLES, OPTIONALS], {
  variables: { self: objectType("Scale"), "request.user": STRING },
  objects: { Scale: { replicas: INT, names: listOf(STRING) } },
  checkedLiterals: true,
});
const nothing = (): undefined => undefined;
const problems = (source: string): string[] => analyse(env, source).problems.map((p) => p.message);

test("fields of declared objects have their types", () => {
  assert.equal(formatType(analyse(env, "self.names.map(n, n.size())").type), "list(int)");
  assert.equal(formatType(analyse(env, "{'a': self.?replicas}").type), "map(string, optional_type(int))");
  assert.deepEqual(analyse(env, "self.replicas > 1 && request.user == 'x'").type, BOOL);
});

test("what does not fit the declarations is said in cel-go's words", () => {
  assert.deepEqual(problems("self.size > 1"), ["undefined field 'size'"]);
  assert.deepEqual(problems("other"), ["undeclared reference to 'other' (in container '')"]);
  assert.deepEqual(problems("1 + 'a'"), ["found no matching overload for '_+_' applied to '(int, string)'"]);
  assert.deepEqual(problems("'a'.startsWith(1)"), ["found no matching overload for 'startsWith' applied to 'string.(int)'"]);
  assert.deepEqual(problems("self.replicas.x"), ["type 'int' does not support field selection"]);
  assert.deepEqual(problems("1.all(x, true)"), [
    "expression of type 'int' cannot be range of a comprehension (must be list, map, or dynamic)",
  ]);
});

test("problems are shown under their source line", () => {
  const shown = (source: string): string => showProblems(source, analyse(env, source).problems);
  assert.equal(
    shown("true && nope"),
    "ERROR: <input>:1:9: undeclared reference to 'nope' (in container '')\n | true && nope\n | ........^",
  );
  assert.equal(
    shown("self.replicas\n  + 'é'"),
    "ERROR: <input>:2:3: found no matching overload for '_+_' applied to '(int, string)'\n |   + 'é'\n | ..^",
  );
  assert.equal(
    shown("'é'.size() + fn(1)"),
    "ERROR: <input>:1:16: undeclared reference to 'fn' (in container '')\n | 'é'.size() + fn(1)\n | .\uff0e.............^",
  );
});

test("literals of mixed types are refused where the environment asks for it", () => {
  assert.deepEqual(problems("[1, 'a']"), ["expected type 'int' but found 'string'"]);
  assert.deepEqual(problems("{'a': 1, 'b': 'c'}"), ["expected type 'int' but found 'string'"]);
  assert.deepEqual(problems("[1, dyn('a')]"), []);
});

test("literals that cannot be read are found before evaluation", () => {
  assert.deepEqual(problems("'a'.matches('(')"), ["invalid matches argument"]);
  assert.deepEqual(problems("duration('x') == duration('1s')"), ["invalid duration argument"]);
  assert.deepEqual(problems("timestamp('2020') == timestamp('2020-01-01T00:00:00Z')"), ["invalid timestamp argument"]);
});

test("integers are of 64 bits and overflow is an error", () => {
  assert.equal(compile(env, "9223372036854775806 + 1")(nothing), 9223372036854775807n);
  assert.throws(() => compile(env, "9223372036854775807 + 1")(nothing), CelError);
  assert.throws(() => compile(env, "9223372036854775808"), CelSyntaxError);
});

test("an error is absorbed where the rest of the expression decides", () => {
  const self = new EntryMap([["names", ["a", "b"]]]);
  const value = (source: string): unknown => compile(env, source)((name) => (name === "self" ? self : undefined));
  assert.equal(value("1 / 0 > 1 || true"), true);
  assert.equal(value("[0, 1].exists(x, 1 / x == 1)"), true);
  assert.equal(value("self.names.all(n, n == 'a' || n == 'b')"), true);
  assert.throws(() => value("[0, 2].exists(x, 1 / x == 1)"), CelError);
});

const kubernetes = celEnvironment([STANDARD, STRINGS, LISTS, SETS, KUBERNETES_LISTS, KUBERNETES_REGEX], {
  variables: { none: listOf(DOUBLE) },
});
const evaluate = (source: string): unknown => {
  const analysed = analyse(kubernetes, source);
  assert.deepEqual(analysed.problems, [], source);
  return program(kubernetes, analysed)((name) => (name === "none" ? [] : undefined));
};

test("Kubernetes' lists are summed, searched and ordered", () => {
  assert.equal(
    evaluate("[1, 2, 3].sum() == 6 && [1.5, 2.0].sum() == 3.5 && [duration('1m'), duration('1s')].sum() == duration('61s')"),
    true,
  );
  assert.equal(evaluate("none.sum()"), 0);
  assert.equal(evaluate("[].sum()"), 0n);
  assert.equal(evaluate("['b', 'a'].min() == 'a' && [1, 3, 2].max() == 3 && !['b', 'a'].isSorted() && ['a', 'a'].isSorted()"), true);
  assert.equal(evaluate("[1, 2, 2].indexOf(2) == 1 && [1, 2, 2].lastIndexOf(2) == 2 && [1].indexOf(5) == -1"), true);
  assert.throws(() => evaluate("none.min()"), /min called on empty list/u);
});

test("lists are sliced, flattened, sorted and freed of doubles", () => {
  assert.deepEqual(evaluate("[1, 2, 3].slice(1, 3)"), [2n, 3n]);
  assert.throws(() => evaluate("[1].slice(0, 2)"), /cannot slice\(0, 2\), list is length 1/u);
  assert.deepEqual(evaluate("[[1], [2, 3]].flatten()"), [1n, 2n, 3n]);
  assert.deepEqual(evaluate("['c', 'a'].sort() + ['a', 'b', 'a'].distinct() + ['x', 'y'].reverse()"), ["a", "c", "a", "b", "y", "x"]);
  assert.deepEqual(evaluate("lists.range(3)"), [0n, 1n, 2n]);
});

test("lists are compared as sets", () => {
  assert.equal(evaluate("sets.contains([1, 2], [2]) && sets.equivalent([1, 2, 1], [2, 1]) && !sets.intersects([1], [2])"), true);
});

test("patterns of RE2 find the first match or all of them", () => {
  assert.equal(evaluate("'abc 123'.find('[0-9]+')"), "123");
  assert.equal(evaluate("'abc'.find('x')"), "");
  assert.deepEqual(evaluate("'1a2b3'.findAll('[0-9]') + '1a2b3'.findAll('[0-9]', 2)"), ["1", "2", "3", "1", "2"]);
  assert.throws(() => evaluate("'a'.matches('(')"), CelError);
});

test("deep nesting is refused instead of exhausting the stack", () => {
  assert.throws(() => compile(env, `${"(".repeat(5000)}1${")".repeat(5000)}`), CelSyntaxError);
  assert.throws(() => compile(env, `${"[".repeat(5000)}`), CelSyntaxError);
  for (const chain of ["1" + "+1".repeat(20000), "a" + ".b".repeat(20000), "a" + "[0]".repeat(20000), "1" + "<1".repeat(20000)]) {
    assert.throws(() => analyse(env, chain), /expression recursion limit exceeded: 250/u);
  }
  assert.equal(evaluate("1" + "+1".repeat(249) + " == 250"), true);
  assert.equal(evaluate("true" + " && true".repeat(20000)), true);
});
