/**
 * Expressions in Kubernetes' environment: type, estimated and actual cost, value or error of each are what upstream's
 * libraries gave (`k8s.io/apiserver` 0.36.3, cel-go 0.26; `kubernetes-cases.json`). `self` is a resource under a schema, or
 * JSON without one.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import {
  analyse,
  CelBudgetError,
  CelError,
  CelMap,
  CelOptional,
  CelSyntaxError,
  CelUint,
  type CelValue,
  CostMeter,
  declareType,
  declaredSizes,
  DYN,
  type Environment,
  estimateCost,
  formatType,
  type JsonSchema,
  jsonValue,
  KUBERNETES_JSON_PATCH,
  kubernetesEnvironment,
  objectsOf,
  program,
  showProblems,
  UINT64_MAX,
  ValueSchema,
} from "./index.ts";

interface Case {
  readonly expr: string;
  readonly untyped?: unknown;
  /** What the compiler says against it. */
  readonly compile?: string;
  readonly type?: string;
  /** The estimate; `max` is the greatest number of 64 bits. */
  readonly min?: string;
  readonly max?: string;
  /** Why it cannot be made ready. */
  readonly program?: string;
  readonly cost?: number;
  readonly value?: unknown;
  readonly error?: string;
}

interface Recorded {
  readonly schema: JsonSchema;
  readonly self: unknown;
  readonly cases: readonly Case[];
}

const recorded = JSON.parse(readFileSync(new URL("./kubernetes-cases.json", import.meta.url), "utf8")) as Recorded;
const schema = new ValueSchema(recorded.schema, true);
const declared = declareType(schema, "selfType");
assert.ok(declared);
const libraries = [KUBERNETES_JSON_PATCH];
const typed = kubernetesEnvironment({ variables: { self: declared.type }, objects: objectsOf(declared), libraries });
const untyped = kubernetesEnvironment({ variables: { self: DYN } });

/** Values that only functions look into are compared by their types: the cases ask them with functions too. */
function show(value: CelValue): unknown {
  if (typeof value === "bigint") return { int: String(value) };
  if (value instanceof CelUint) return { uint: String(value.value) };
  if (typeof value === "number")
    return { double: Number.isFinite(value) ? String(value) : Number.isNaN(value) ? "NaN" : value > 0 ? "+Inf" : "-Inf" };
  if (typeof value === "string" || typeof value === "boolean") return value;
  if (value === null) return { null: "" };
  if (Array.isArray(value)) return value.map((v) => show(v as CelValue));
  if (value instanceof CelOptional) return value.value === undefined ? { none: "" } : { some: show(value.value) };
  if (value instanceof CelMap) {
    const map = value;
    return { map: Object.fromEntries([...map.keys()].map((key) => [keyText(key), show(map.get(key) as CelValue)])) };
  }
  return "opaque";
}

const keyText = (key: CelValue): string => (key instanceof CelUint ? String(key.value) : String(key as bigint));

/** Upstream's rendering of what {@link show} calls opaque is its own. */
function shownAlike(value: unknown, as: unknown): unknown {
  if (as === "opaque") return typeof value === "object" ? "opaque" : value;
  if (Array.isArray(value) && Array.isArray(as)) return value.map((v, i) => shownAlike(v, as[i]));
  if (typeof value !== "object" || value === null || typeof as !== "object" || as === null) return value;
  return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, shownAlike(v, (as as Record<string, unknown>)[k])]));
}

const bounded = (n: bigint): string => (n === UINT64_MAX ? "max" : String(n));

function outcome(env: Environment, example: Case): Omit<Case, "untyped"> {
  const { expr } = example;
  let analysed: ReturnType<typeof analyse>;
  try {
    analysed = analyse(env, expr);
  } catch (error) {
    assert.ok(error instanceof CelSyntaxError, String(error));
    return { expr, compile: showProblems(expr, error.problems) };
  }
  if (analysed.problems.length > 0) return { expr, compile: showProblems(expr, analysed.problems) };
  const sizes = env === typed && declared ? declaredSizes(declared) : () => undefined;
  const { min, max } = estimateCost(analysed, sizes);
  const known = { expr, type: formatType(analysed.type), min: bounded(min), max: bounded(max) };
  const meter = new CostMeter();
  try {
    const run = program(env, analysed);
    try {
      const self = env === typed ? jsonValue(recorded.self, schema) : jsonValue(example.untyped);
      return { ...known, value: show(run((name) => (name === "self" ? self : undefined), meter)), cost: meter.spent };
    } catch (error) {
      assert.ok(error instanceof CelError || error instanceof CelBudgetError, String(error));
      return { ...known, error: error.message };
    }
  } catch (error) {
    assert.ok(error instanceof CelError, String(error));
    return { ...known, program: error.message };
  }
}

void test("expressions have the type, the costs, the value or the error that upstream gives", () => {
  const surprises: unknown[] = [];
  for (const example of recorded.cases) {
    const env = example.untyped === undefined ? typed : untyped;
    const got = outcome(env, example);
    // What an expression has cost when it fails is told apart upstream by where errors pass.
    const { untyped: _given, ...wanted } = example.error === undefined ? example : { ...example, cost: undefined };
    const want = JSON.parse(JSON.stringify({ ...wanted, value: shownAlike(wanted.value, got.value) })) as unknown;
    try {
      assert.deepEqual(got, want);
    } catch {
      surprises.push({ got, want });
    }
  }
  assert.deepEqual(surprises, []);
});
