import assert from "node:assert/strict";
import { test } from "node:test";
import { analyse, CelError, CelSyntaxError, celEnvironment, compile, OPTIONALS, STANDARD, TWO_VARIABLES } from "./index.ts";
import { BOOL, formatType, INT, listOf, objectType, STRING } from "./types.ts";
import { EntryMap } from "./values.ts";

const env = celEnvironment([STANDARD, TWO_VARIABLES, OPTIONALS], {
  variables: { self: objectType("Scale"), "request.user": STRING },
  objects: { Scale: { replicas: INT, names: listOf(STRING) } },
  homogeneousLiterals: true,
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

test("literals of mixed types are refused where the environment asks for it", () => {
  assert.deepEqual(problems("[1, 'a']"), ["expected type 'int' but found 'string'"]);
  assert.deepEqual(problems("[1, dyn('a')]"), []);
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

test("deep nesting is refused instead of exhausting the stack", () => {
  assert.throws(() => compile(env, `${"(".repeat(5000)}1${")".repeat(5000)}`), CelSyntaxError);
  assert.throws(() => compile(env, `${"[".repeat(5000)}`), CelSyntaxError);
});
