/** What the types of the resources that a policy is about have to say of its expressions. Pure. */
import {
  analyse,
  CelSyntaxError,
  declareType,
  type DeclaredType,
  type Environment,
  type JsonSchema,
  objectsOf,
  showProblems,
  ValueSchema,
} from "../../lang/cel/index.ts";
import { PolicyCompiler } from "../../schema/admission/policy-compiler.ts";
import type { GroupVersionKind } from "../../schema/object.ts";
import type { ExpressionWarning, ValidatingAdmissionPolicy } from "../../schema/types/admissionregistration-v1.ts";

/** Resources and their schemas, those of custom resources among them. */
export interface TypeLookup {
  /** The kinds of a resource at a version; of any group when `group` is empty. */
  kinds(group: string, version: string, resource: string): readonly GroupVersionKind[];
  /** Undefined where there is none. */
  schema(kind: GroupVersionKind): JsonSchema | undefined;
}

/** At most so many kinds of one rule are looked at. */
const mostTypes = 10;

/** A warning for each expression that does not fit a kind that the policy matches. */
export function checkTypes(policy: ValidatingAdmissionPolicy, types: TypeLookup): ExpressionWarning[] {
  const checks = matchedKinds(policy, types).flatMap((kind) => {
    const declared = declaredType(kind, types);
    return declared === "unknown" ? [] : [{ kind, env: environmentOf(policy, declared, types) }];
  });
  const warnings: ExpressionWarning[] = [];
  policy.spec?.validations?.forEach(({ expression, messageExpression }, i) => {
    const at = `spec.validations[${i}]`;
    for (const [field, source] of [
      ["expression", expression],
      ["messageExpression", messageExpression],
    ] as const) {
      if (!source) continue;
      const found = checks.flatMap(({ kind, env }) => {
        const problem = problemOf(env, source);
        return problem === undefined ? [] : [`${describeKind(kind)}: ${problem}\n`];
      });
      if (found.length > 0) warnings.push({ fieldRef: `${at}.${field}`, warning: found.join("\n") });
    }
  });
  return warnings;
}

const describeKind = ({ group, version, kind }: GroupVersionKind): string => `${group}/${version}, Kind=${kind}`;

function problemOf(env: Environment, source: string): string | undefined {
  try {
    const { problems } = analyse(env, source);
    return problems.length === 0 ? undefined : showProblems(source, problems);
  } catch (error) {
    if (error instanceof CelSyntaxError) return showProblems(source, [{ message: error.message, pos: error.pos }]);
    throw error;
  }
}

function declaredType(kind: GroupVersionKind, types: TypeLookup): DeclaredType | undefined | "unknown" {
  const schema = types.schema(kind);
  return schema === undefined ? "unknown" : declareType(new ValueSchema(schema, true), kind.kind);
}

function environmentOf(policy: ValidatingAdmissionPolicy, object: DeclaredType | undefined, types: TypeLookup): Environment {
  const { paramKind, variables = [] } = policy.spec ?? {};
  let params: DeclaredType | undefined;
  if (paramKind !== undefined) {
    const { apiVersion = "", kind = "" } = paramKind;
    const [group, version] = apiVersion.includes("/") ? (apiVersion.split("/") as [string, string]) : ["", apiVersion];
    const schema = types.schema({ group, version, kind });
    // Its own name, even where it is of the same kind as the object.
    params = schema === undefined ? undefined : declareType(new ValueSchema(schema, true), `params.${kind}`);
  }
  const compiler = new PolicyCompiler({
    params: paramKind !== undefined,
    objectType: object?.type,
    paramsType: params?.type,
    objects: { ...(object === undefined ? {} : objectsOf(object)), ...(params === undefined ? {} : objectsOf(params)) },
  });
  for (const variable of variables) compiler.declare(variable);
  return compiler.environment();
}

/** Every kind that the rules name without wildcards, in order. */
function matchedKinds(policy: ValidatingAdmissionPolicy, types: TypeLookup): GroupVersionKind[] {
  const found = new Map<string, GroupVersionKind>();
  for (const rule of policy.spec?.matchConstraints?.resourceRules ?? []) {
    const { apiGroups = [], apiVersions = [] } = rule;
    if ([...apiGroups, ...apiVersions].some((name) => name.includes("*"))) continue;
    const resources = (rule.resources ?? []).filter((name) => !/[*/]/.test(name));
    let count = 0;
    for (const group of apiGroups.toSorted())
      for (const version of apiVersions.toSorted())
        for (const resource of resources.toSorted())
          for (const kind of types.kinds(group, version, resource)) {
            if (count++ >= mostTypes) return sorted(found);
            found.set(describeKind(kind), kind);
          }
  }
  return sorted(found);
}

function sorted(found: ReadonlyMap<string, GroupVersionKind>): GroupVersionKind[] {
  const keyOf = ({ group, version, kind }: GroupVersionKind): string => `${group}\u0000${version}\u0000${kind}`;
  return [...found.values()].sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
}
