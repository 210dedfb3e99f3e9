/**
 * The conformance cases of cel-spec (`@bufbuild/cel-spec`). What is expected to fail stands in `conformance-failures.txt`,
 * a reason a line; a case named there that passes is a failure too. What Kubernetes leaves out is skipped, with its reason.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { tests as suite } from "@bufbuild/cel-spec/testdata/conformance.js";
import { CelTypeValue, CelUint, type CelValue, EntryMap, equals, isList, CelMap, typeOfValue } from "./values.ts";
import {
  analyse,
  BINDINGS,
  CelError,
  CelSyntaxError,
  celEnvironment,
  compile,
  OPTIONALS,
  program,
  STANDARD,
  STRINGS,
  TWO_VARIABLES,
} from "./index.ts";
import { type FunctionTable, global } from "./function.ts";
import { parseDuration, parseTimestamp } from "./time.ts";
import {
  BOOL,
  BYTES,
  type CelType,
  DOUBLE,
  DURATION,
  DYN,
  formatType,
  INT,
  listOf,
  mapOf,
  NULL,
  objectType,
  opaqueType,
  optionalOf,
  param,
  STRING,
  TIMESTAMP,
  typeOf,
  UINT,
} from "./types.ts";

interface Case {
  name: string;
  expr: string;
  container?: string;
  value?: JsonValue;
  evalError?: unknown;
  disableCheck?: boolean;
  checkOnly?: boolean;
  typedResult?: { result?: JsonValue; deducedType?: JsonValue };
  typeEnv?: { name: string; ident?: { type: JsonValue }; function?: { overloads: DeclaredOverload[] } }[];
  bindings?: Record<string, { value: JsonValue }>;
}

interface DeclaredOverload {
  overloadId: string;
  params?: JsonValue[];
  resultType: JsonValue;
}

type JsonValue = Record<string, unknown>;

const libraries = [STANDARD, TWO_VARIABLES, OPTIONALS, BINDINGS, STRINGS];

function read(json: JsonValue): CelValue {
  const [kind, value] = Object.entries(json)[0] as [string, never];
  switch (kind) {
    case "int64Value":
      return BigInt(value);
    case "uint64Value":
      return new CelUint(BigInt(value));
    case "doubleValue":
      return Number(value);
    case "bytesValue":
      return new Uint8Array(Buffer.from(value, "base64"));
    case "listValue":
      return ((value as { values?: JsonValue[] }).values ?? []).map(read);
    case "mapValue":
      return new EntryMap(
        ((value as { entries?: { key: JsonValue; value: JsonValue }[] }).entries ?? []).map((e) => [read(e.key), read(e.value)]),
      );
    case "typeValue":
      return new CelTypeValue(opaqueType(value));
    case "objectValue": {
      const object = value as { "@type": string; value: string };
      if (object["@type"].endsWith(".Duration")) return parseDuration(object.value);
      if (object["@type"].endsWith(".Timestamp")) return parseTimestamp(object.value);
      throw new Error(`a message: ${object["@type"]}`);
    }
    default:
      return value;
  }
}

function declaredType(json: JsonValue): CelType {
  const [kind, value] = Object.entries(json)[0] ?? ["dyn", {}];
  const parts = value as { elemType?: JsonValue; keyType?: JsonValue; valueType?: JsonValue; name?: string; parameterTypes?: JsonValue[] };
  switch (kind) {
    case "primitive":
      return { INT64: INT, UINT64: UINT, DOUBLE, BOOL, STRING, BYTES }[value as string] ?? DYN;
    case "null":
      return NULL;
    case "wellKnown":
      return value === "TIMESTAMP" ? TIMESTAMP : value === "DURATION" ? DURATION : DYN;
    case "listType":
      return listOf(declaredType(parts.elemType ?? {}));
    case "mapType":
      return mapOf(declaredType(parts.keyType ?? {}), declaredType(parts.valueType ?? {}));
    case "type":
      return typeOf(declaredType(value as JsonValue));
    case "abstractType":
      if (parts.name === "optional_type") return optionalOf(declaredType(parts.parameterTypes?.[0] ?? {}));
      return { ...opaqueType(parts.name ?? ""), params: (parts.parameterTypes ?? []).map(declaredType) };
    case "messageType":
      if (value === DURATION.name) return DURATION;
      if (value === TIMESTAMP.name) return TIMESTAMP;
      return objectType(value as string);
    case "typeParam":
      return param(value as string);
    default:
      return DYN;
  }
}

/** Declared for the checker only: no case calls them. */
function declaredFunctions(example: Case): FunctionTable {
  const uncalled = (): never => {
    throw new CelError("declared, not defined");
  };
  const tables = (example.typeEnv ?? []).filter((d) => d.function);
  return Object.fromEntries(
    tables.map((d) => [
      d.name,
      (d.function?.overloads ?? []).map((o) =>
        global(o.overloadId, (o.params ?? []).map(declaredType), declaredType(o.resultType), uncalled),
      ),
    ]),
  );
}

/** Equal and of the same types all the way down; a NaN is the same as another. */
function same(a: CelValue, b: CelValue): boolean {
  if (typeof a === "number" && typeof b === "number") return Object.is(a, b) || a === b;
  if (isList(a)) return isList(b) && a.length === b.length && a.every((v, i) => same(v, b[i] as CelValue));
  if (a instanceof CelMap && b instanceof CelMap)
    return equals(a, b) && [...a.keys()].every((k) => same(a.get(k) as CelValue, b.get(k) as CelValue));
  return typeOfValue(a).name === typeOfValue(b).name && equals(a, b);
}

const MESSAGE_GROUPS = /^\/(?:proto2|proto3|proto2_ext|enums|wrappers|dynamic)\//u;
const MESSAGES = /TestAllTypes|NullValue|NestedEnum|google\.protobuf\.(?!Timestamp|Duration)|cel\.expr\.conformance\.proto/u;

function skipReason(path: string, example: Case): string | undefined {
  if (MESSAGE_GROUPS.test(path) || MESSAGES.test(JSON.stringify(example))) return "protobuf messages: Kubernetes has none in expressions";
  if (path.startsWith("/block_ext/")) return "cel.block: only what an optimizer of syntax trees writes";
  if (/^\/(?:math_ext|encoders_ext)\//u.test(path)) return "Kubernetes' environments do not have this extension";
  return undefined;
}

/** Undefined where the case passes, otherwise what went wrong. */
function run(example: Case): string | undefined {
  let value: CelValue;
  try {
    const variables = Object.fromEntries(
      (example.typeEnv ?? []).filter((d) => d.ident).map((d) => [d.name, declaredType(d.ident?.type ?? {})]),
    );
    const functions = declaredFunctions(example);
    const env = celEnvironment([...libraries, { macros: [], functions: [functions] }], { container: example.container ?? "", variables });
    const bindings = new Map(Object.entries(example.bindings ?? {}).map(([name, bound]) => [name, read(bound.value)]));
    if (!example.disableCheck) {
      const checked = analyse(env, example.expr);
      if (checked.problems.length > 0)
        return example.evalError ? undefined : `does not check: ${checked.problems.map((p) => p.message).join("; ")}`;
      const deduced = example.typedResult?.deducedType;
      const wanted = deduced && formatType(declaredType(deduced));
      if (wanted !== undefined && formatType(checked.type) !== wanted) return `has type ${formatType(checked.type)}, not ${wanted}`;
      if (example.checkOnly) return undefined;
      value = program(env, checked)((name) => bindings.get(name));
    } else value = compile(env, example.expr)((name) => bindings.get(name));
  } catch (error) {
    if (!(error instanceof CelError || error instanceof CelSyntaxError)) throw error;
    return example.evalError ? undefined : `threw ${error.message}`;
  }
  if (example.evalError) return "did not fail";
  const expected = example.value ?? example.typedResult?.result ?? { boolValue: true };
  return same(value, read(expected)) ? undefined : `gave ${describe(value)}, not ${JSON.stringify(expected)}`;
}

function describe(value: CelValue): string {
  return JSON.stringify(value, (_key, v: unknown) => (typeof v === "bigint" ? String(v) : v)) ?? String(value);
}

const expectedFailures = new Map(
  readFileSync(new URL("./conformance-failures.txt", import.meta.url), "utf8")
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => [line.slice(0, line.indexOf(": ")), line.slice(line.indexOf(": ") + 2)] as const),
);

type Suite = typeof suite;

function* cases(within: Suite, path: string): Iterable<readonly [string, Case]> {
  for (const t of within.tests ?? []) yield [`${path}/${t.original.name ?? t.original.expr}`, t.original as unknown as Case];
  for (const child of within.suites ?? []) yield* cases(child, `${path}/${child.name}`);
}

const skipped = new Map<string, number>();
const outcome = { passed: 0, failed: 0 };
const surprises: string[] = [];
for (const [path, example] of cases(suite, "")) {
  const reason = skipReason(path, example);
  if (reason !== undefined) {
    skipped.set(reason, (skipped.get(reason) ?? 0) + 1);
    continue;
  }
  const fault = run(example);
  outcome[fault === undefined ? "passed" : "failed"]++;
  const expected = expectedFailures.get(path);
  if (fault !== undefined && expected === undefined) surprises.push(`${path}: ${example.expr}: ${fault}`);
  if (fault === undefined && expected !== undefined) surprises.push(`${path}: passes, though it is expected to fail: ${expected}`);
}

test("expressions give what cel-spec's conformance cases say", (t) => {
  for (const [reason, count] of skipped) t.diagnostic(`${count} skipped: ${reason}`);
  t.diagnostic(`${outcome.passed} passed, ${outcome.failed} failed, as expected`);
  assert.deepEqual(surprises, []);
});
