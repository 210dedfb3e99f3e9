/** A MutatingAdmissionPolicy made ready, and what its mutations make of an object. */
import {
  CelMap,
  CelOpaque,
  CelTimestamp,
  CelUint,
  type CelValue,
  KUBERNETES_JSON_PATCH,
  listOf,
  objectType,
  RUNTIME_BUDGET,
  sourceJson,
} from "../../../lang/cel/index.ts";
import { isApiError } from "../../../core/api-error.ts";
import { type Atom, customResourceAtom, formOf, keyAtom, typeAtom } from "../../../schema/apply/atom.ts";
import { merge } from "../../../schema/apply/merge.ts";
import { typeNameOf } from "../../../schema/scheme.ts";
import type { UnstructuredObject } from "../../../schema/object.ts";
import { applyJsonPatch, type JsonPatchOperation } from "../../../schema/patch/json-patch.ts";
import type { MutatingAdmissionPolicy } from "../../../schema/types/admissionregistration-v1.ts";
import { type ConditionResult, MatchConditions } from "../conditions.ts";
import type { Equivalent } from "../equivalents.ts";
import { type CompiledExpression, compileExpression } from "../../../schema/admission/expressions.ts";
import { PolicyCompiler } from "../../../schema/admission/policy-compiler.ts";
import { type ActivationInputs, Budget, evaluate } from "../expressions.ts";
import { policyActivation } from "./variables.ts";

interface Mutation {
  readonly patchType: "JSONPatch" | "ApplyConfiguration";
  readonly expression: CompiledExpression;
}

const OBJECT = objectType("Object");
const PATCHES = listOf(objectType("JSONPatch"));

export class Mutator {
  readonly #compiler: PolicyCompiler;
  readonly #conditions: MatchConditions | undefined;
  readonly mutations: readonly Mutation[];

  constructor({ spec = {} }: MutatingAdmissionPolicy) {
    const compiler = new PolicyCompiler({ params: spec.paramKind !== undefined });
    for (const variable of spec.variables ?? []) compiler.declare(variable);
    const { matchConditions = [], failurePolicy } = spec;
    const env = compiler.environment({ patches: KUBERNETES_JSON_PATCH });
    this.#compiler = compiler;
    this.#conditions =
      matchConditions.length === 0 ? undefined : new MatchConditions(matchConditions, failurePolicy, compiler.environment());
    this.mutations = (spec.mutations ?? []).map(({ patchType, jsonPatch, applyConfiguration }) =>
      patchType === "JSONPatch"
        ? { patchType, expression: compileExpression(env, jsonPatch?.expression ?? "", [PATCHES]) }
        : { patchType: "ApplyConfiguration", expression: compileExpression(env, applyConfiguration?.expression ?? "", [OBJECT]) },
    );
  }

  /** Undefined when there are no conditions. Throws a Need. */
  conditions(inputs: ActivationInputs): ConditionResult | undefined {
    const { variables } = this.#compiler;
    return this.#conditions?.match((budget) => policyActivation({ ...inputs, namespace: undefined }, variables, budget));
  }

  /**
   * What one mutation makes of `inputs.object`; undefined when it is to stay. Throws an Error with upstream's words, a Need, or
   * BudgetSpent.
   */
  mutate({ patchType, expression }: Mutation, inputs: ActivationInputs): object | undefined {
    if (expression.error !== undefined) throw new Error(expression.error);
    const budget = new Budget(RUNTIME_BUDGET);
    const { value, error } = evaluate(expression, policyActivation(inputs, this.#compiler.variables, budget), budget);
    if (error !== undefined) throw new Error(error);
    const object = inputs.object as UnstructuredObject;
    return patchType === "JSONPatch" ? patched(object, value as CelValue) : merged(object, value as CelValue, inputs.matched);
  }
}

function patched(object: UnstructuredObject, value: CelValue): object | undefined {
  if (!Array.isArray(value)) throw new Error("type mismatch: JSONPatchType.expression should evaluate to array");
  const operations = value.map(operationOf);
  try {
    return applyJsonPatch(object, operations);
  } catch (error) {
    if (!isApiError(error)) throw error;
    const why = (error.cause as Error | undefined)?.message ?? error.message;
    // A test that fails is a condition, not a fault.
    if (why.endsWith("failed: test failed")) return undefined;
    throw new Error(`JSON Patch: ${why}`);
  }
}

function operationOf(value: CelValue): JsonPatchOperation {
  if (!(value instanceof CelMap)) throw new Error("type mismatch: JSONPatchType.expression should evaluate to array of JSONPatch");
  const content = value.get("value");
  if (content !== undefined) checkTypeNames(content);
  const from = value.get("from");
  return {
    op: value.get("op") ?? "",
    path: value.get("path") ?? "",
    ...(typeof from === "string" && from !== "" ? { from } : {}),
    ...(content === undefined ? {} : { value: plain(content) }),
  };
}

function merged(object: UnstructuredObject, value: CelValue, matched: Equivalent): object {
  checkTypeNames(value);
  const { kind, apiVersion } = object;
  const config = { ...(plain(value) as object), kind, apiVersion };
  const atom = atomOf(matched);
  const faulty = atomics(config, atom, "");
  if (faulty.length > 0)
    throw new Error(
      `error applying patch: invalid ApplyConfiguration: may not mutate atomic arrays, maps or structs: ${faulty.join(", ")}`,
    );
  const unknown = unknownFields(config, atom, "");
  if (unknown.length > 0) throw new Error(`error applying patch: failed to convert patch object to typed object: ${unknown.join("\n")}`);
  return merge(object, config, atom) as object;
}

function atomOf({ kind, served }: Equivalent): Atom {
  const typeName = served?.version.codec === undefined ? (served?.version.typeName ?? typeNameOf(kind)) : undefined;
  return (typeName === undefined ? undefined : typeAtom(typeName)) ?? customResourceAtom(served?.version.openApiSchema);
}

/** Paths of parts that can only be replaced as a whole: a merge would take away what is not mentioned. */
function atomics(value: unknown, atom: Atom, path: string): string[] {
  const form = formOf(atom, value);
  if (form === "map" && atom.map !== undefined && isObject(value)) {
    const { map } = atom;
    const below = Object.entries(value).flatMap(([key, part]) => {
      const field = map.fields.get(key);
      return field === undefined ? [] : atomics(part, field.type(), `${path}.${key}`);
    });
    return map.atomic ? [path, ...below] : below;
  }
  if (form === "list" && atom.list !== undefined && Array.isArray(value)) {
    const { list } = atom;
    const below = value.flatMap((part, index) => atomics(part, list.element(), `${path}[${index}]`));
    return list.atomic ? [path, ...below] : below;
  }
  return [];
}

function unknownFields(value: unknown, atom: Atom, path: string): string[] {
  if (isObject(value) && atom.map !== undefined) {
    const { map } = atom;
    return Object.entries(value).flatMap(([key, part]) => {
      const type = keyAtom(map, key);
      return type === undefined ? [`${path}.${key}: field not declared in schema`] : unknownFields(part, type, `${path}.${key}`);
    });
  }
  if (Array.isArray(value) && atom.list !== undefined) {
    const { list } = atom;
    return value.flatMap((part, index) => unknownFields(part, list.element(), `${path}[${index}]`));
  }
  return [];
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null && !Array.isArray(value);

/** `Object.spec{…}` has to stand where its name says. Throws an Error with every place where that is not so. */
function checkTypeNames(value: CelValue): void {
  if (!(value instanceof CelMap) || !isNamed(value)) return;
  const faults = wrongNames(value, [value.type.name]);
  if (faults.length > 0) throw new Error(`type mismatch: ${faults.join("\n")}`);
}

function isNamed(value: CelMap): boolean {
  return value.type.kind === "object" && (value.type.name === "Object" || value.type.name.startsWith("Object."));
}

function wrongNames(value: CelValue, path: readonly string[]): string[] {
  if (Array.isArray(value)) return value.flatMap((part) => wrongNames(part as CelValue, path));
  if (!(value instanceof CelMap) || sourceJson(value) !== undefined) return [];
  const named = isNamed(value);
  const expected = path.join(".");
  const faults: string[] = [];
  if (named && value.type.name !== expected) {
    const why = "which matches field name path from root Object type";
    faults.push(`unexpected type name ${JSON.stringify(value.type.name)}, expected ${JSON.stringify(expected)}, ${why}`);
  }
  for (const key of value.keys()) faults.push(...wrongNames(value.get(key) as CelValue, named ? [...path, String(key as string)] : path));
  return faults;
}

/** A value as JSON. */
function plain(value: CelValue): unknown {
  if (typeof value === "bigint") return value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER ? Number(value) : value;
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map((part) => plain(part as CelValue));
  const source = sourceJson(value);
  if (source !== undefined) return source;
  if (value instanceof CelUint) return plain(value.value);
  if (value instanceof CelMap)
    return Object.fromEntries([...value.keys()].map((key) => [String(key as string), plain(value.get(key) as CelValue)]));
  if (value instanceof Uint8Array) return Buffer.from(value).toString("base64");
  if (value instanceof CelTimestamp || value instanceof CelOpaque) return String(value);
  return String(value as unknown as string);
}
