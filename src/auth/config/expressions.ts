/** The CEL expressions of configuration files: over a token's claims, over a user, over what an authorizer is asked. */
import {
  analyse,
  BOOL,
  CelError,
  CelMap,
  CelSyntaxError,
  type CelValue,
  CostMeter,
  DYN,
  type Environment,
  formatType,
  jsonValue,
  kubernetesEnvironment,
  listOf,
  mapOf,
  objectType,
  type Program,
  program,
  showProblems,
  STRING,
  unescapeFieldName,
} from "../../lang/cel/index.ts";

/** An expression that can be evaluated, with its tree for those who look at what it reads. */
export interface CompiledExpression {
  readonly source: string;
  readonly expr: ReturnType<typeof analyse>["expr"];
  /** Throws an Error in cel-go's words. */
  evaluate(value: CelValue): CelValue;
}

/** Says why an expression is no good. */
export class ExpressionFault extends Error {
  override readonly name = "ExpressionFault";
}

interface Scope {
  readonly variable: string;
  readonly environment: () => Environment;
}

const strings = listOf(STRING);
const extraType = mapOf(STRING, strings);

function lazily<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => (made ??= make());
}

/** `claims`: a map from names to anything. */
export const claimsScope: Scope = {
  variable: "claims",
  environment: lazily(() => kubernetesEnvironment({ variables: { claims: mapOf(STRING, DYN) } })),
};

/** `user`: a `kubernetes.UserInfo`. */
export const userScope: Scope = {
  variable: "user",
  environment: lazily(() =>
    kubernetesEnvironment({
      variables: { user: objectType("kubernetes.UserInfo") },
      objects: { "kubernetes.UserInfo": { username: STRING, uid: STRING, groups: strings, extra: extraType } },
    }),
  ),
};

const requirement = { key: STRING, operator: STRING, values: strings };

/** `request`: the spec of a SubjectAccessReview. */
export const accessReviewScope: Scope = {
  variable: "request",
  environment: lazily(() => {
    const selector = { rawSelector: STRING, requirements: listOf(objectType("kubernetes.SelectorRequirement")) };
    return kubernetesEnvironment({
      variables: { request: objectType("kubernetes.SubjectAccessReviewSpec") },
      objects: {
        "kubernetes.SubjectAccessReviewSpec": {
          resourceAttributes: objectType("kubernetes.ResourceAttributes"),
          nonResourceAttributes: objectType("kubernetes.NonResourceAttributes"),
          user: STRING,
          groups: strings,
          extra: extraType,
          uid: STRING,
        },
        "kubernetes.ResourceAttributes": {
          namespace: STRING,
          verb: STRING,
          group: STRING,
          version: STRING,
          resource: STRING,
          subresource: STRING,
          name: STRING,
          fieldSelector: objectType("kubernetes.FieldSelectorAttributes"),
          labelSelector: objectType("kubernetes.LabelSelectorAttributes"),
        },
        "kubernetes.NonResourceAttributes": { path: STRING, verb: STRING },
        "kubernetes.FieldSelectorAttributes": selector,
        "kubernetes.LabelSelectorAttributes": selector,
        "kubernetes.SelectorRequirement": requirement,
      },
    });
  }),
};

/**
 * Reads and checks an expression. `wanted`: "bool" where it must be one for certain; anything may come out at run time else.
 * Throws {@link ExpressionFault}.
 */
export function compileExpression(scope: Scope, source: string, wanted: "bool" | "any"): CompiledExpression {
  const env = scope.environment();
  let analysed: ReturnType<typeof analyse>;
  try {
    analysed = analyse(env, source);
  } catch (error) {
    if (!(error instanceof CelSyntaxError)) throw error;
    throw new ExpressionFault(`compilation failed: ${showProblems(source, [error])}`);
  }
  if (analysed.problems.length > 0) throw new ExpressionFault(`compilation failed: ${showProblems(source, analysed.problems)}`);
  if (wanted === "bool" && analysed.type.kind !== BOOL.kind) {
    // Upstream says what it is instead for match conditions alone.
    const got = scope === accessReviewScope ? ` but got ${formatType(analysed.type)}` : "";
    throw new ExpressionFault(`must evaluate to bool${got}`);
  }
  const run: Program = program(env, analysed);
  return {
    source,
    expr: analysed.expr,
    evaluate: (value) => run((name) => (name === scope.variable ? value : undefined), new CostMeter()),
  };
}

export type { CelValue };
export { CelError };

/** A JSON tree as claims and users show it: numbers are doubles, and keys may be written with Kubernetes' escapes. */
export function plainValue(json: unknown): CelValue {
  if (json === null || json === undefined) return null;
  if (Array.isArray(json)) return json.map(plainValue);
  if (typeof json === "object") return new PlainMap(json as Readonly<Record<string, unknown>>);
  return json as string | number | boolean;
}

class PlainMap extends CelMap {
  readonly #json: Readonly<Record<string, unknown>>;

  constructor(json: Readonly<Record<string, unknown>>) {
    super();
    this.#json = json;
  }

  get size(): number {
    return Object.keys(this.#json).length;
  }

  get(key: CelValue): CelValue | undefined {
    if (typeof key !== "string") return undefined;
    const name = unescapeFieldName(key) ?? key;
    return Object.hasOwn(this.#json, name) ? plainValue(this.#json[name]) : undefined;
  }

  keys(): Iterable<CelValue> {
    return Object.keys(this.#json);
  }
}

/** What an authorizer is asked, for {@link accessReviewScope}. */
export function accessReviewValue(spec: object): CelValue {
  return jsonValue(spec);
}
