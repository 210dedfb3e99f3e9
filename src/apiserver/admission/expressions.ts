/**
 * CEL as admission has it: the variables `object`, `oldObject`, `request`, `namespaceObject`, `params`, `authorizer`, and the
 * errors and budgets of evaluations (`apiserver/pkg/admission/plugin/cel`).
 */
import {
  analyse,
  type Answers,
  type AuthorizationAnswer,
  type AuthorizationRequest,
  AuthorizerValue,
  BOOL,
  CelBudgetError,
  CelError,
  CelSyntaxError,
  type CelType,
  type CelValue,
  CostMeter,
  DYN,
  type Environment,
  formatType,
  INT,
  jsonValue,
  kubernetesEnvironment,
  type Library,
  listOf,
  mapOf,
  objectType,
  PER_CALL_LIMIT,
  type Program,
  program,
  requestResource,
  showProblems,
  STRING,
  TIMESTAMP,
} from "../../lang/cel/index.ts";
import type { GroupVersionKind, UnstructuredObject } from "../../schema/object.ts";
import type { AdmissionAttributes } from "../admission.ts";
import type { Equivalent } from "./equivalents.ts";

type Fields = Readonly<Record<string, CelType>>;

const STRINGS = listOf(STRING);
const GVK = objectType("kubernetes.GroupVersionKind");
const GVR = objectType("kubernetes.GroupVersionResource");

/** The fields of `request` and `namespaceObject`, by upstream's names of their types. */
export const admissionTypes: Readonly<Record<string, Fields>> = {
  "kubernetes.GroupVersionKind": { group: STRING, version: STRING, kind: STRING },
  "kubernetes.GroupVersionResource": { group: STRING, version: STRING, resource: STRING },
  "kubernetes.UserInfo": { username: STRING, uid: STRING, groups: STRINGS, extra: mapOf(STRING, STRINGS) },
  "kubernetes.AdmissionRequest": {
    kind: GVK,
    resource: GVR,
    subResource: STRING,
    requestKind: GVK,
    requestResource: GVR,
    requestSubResource: STRING,
    name: STRING,
    namespace: STRING,
    operation: STRING,
    userInfo: objectType("kubernetes.UserInfo"),
    dryRun: BOOL,
    options: DYN,
  },
  "kubernetes.NamespaceSpec": { finalizers: STRINGS },
  "kubernetes.NamespaceCondition": { status: STRING, type: STRING, lastTransitionTime: TIMESTAMP, message: STRING, reason: STRING },
  "kubernetes.NamespaceStatus": { conditions: listOf(objectType("kubernetes.NamespaceCondition")), phase: STRING },
  "kubernetes.NamespaceMetadata": {
    name: STRING,
    generateName: STRING,
    namespace: STRING,
    labels: mapOf(STRING, STRING),
    annotations: mapOf(STRING, STRING),
    UID: STRING,
    creationTimestamp: TIMESTAMP,
    deletionGracePeriodSeconds: INT,
    deletionTimestamp: TIMESTAMP,
    generation: INT,
    resourceVersion: STRING,
    finalizers: STRINGS,
  },
  "kubernetes.Namespace": {
    metadata: objectType("kubernetes.NamespaceMetadata"),
    spec: objectType("kubernetes.NamespaceSpec"),
    status: objectType("kubernetes.NamespaceStatus"),
  },
};

export interface ExpressionEnvironmentOptions {
  readonly params?: boolean | undefined;
  /** Default true. */
  readonly authorizer?: boolean | undefined;
  /** The types of `object` and `oldObject`, of `params`; any by default. */
  readonly objectType?: CelType | undefined;
  readonly paramsType?: CelType | undefined;
  /** The type of `variables`, declared among {@link objects}. */
  readonly variables?: CelType | undefined;
  readonly objects?: Readonly<Record<string, Fields>> | undefined;
  readonly libraries?: readonly Library[] | undefined;
}

/** What expressions of admission may use. */
export function expressionEnvironment(options: ExpressionEnvironmentOptions = {}): Environment {
  const object = options.objectType ?? DYN;
  return kubernetesEnvironment({
    variables: {
      object,
      oldObject: object,
      request: objectType("kubernetes.AdmissionRequest"),
      namespaceObject: objectType("kubernetes.Namespace"),
      ...(options.params === true ? { params: options.paramsType ?? DYN } : {}),
      ...(options.variables === undefined ? {} : { variables: options.variables }),
      ...(options.authorizer === false
        ? {}
        : {
            authorizer: objectType("kubernetes.authorization.Authorizer"),
            "authorizer.requestResource": objectType("kubernetes.authorization.ResourceCheck"),
          }),
    },
    objects: { ...admissionTypes, ...options.objects },
    ...(options.libraries === undefined ? {} : { libraries: options.libraries }),
  });
}

/** An expression that was looked at once: ready to run, or with what is wrong with it. */
export interface CompiledExpression {
  readonly source: string;
  readonly type: CelType | undefined;
  readonly run: Program | undefined;
  /** Upstream's detail: `compilation failed: ERROR: <input>:1:1: …`, `must evaluate to bool but got int`. */
  readonly error: string | undefined;
  /** The expression cannot be read, or its parts do not fit; not merely a result of the wrong type. */
  readonly malformed: boolean;
}

/** `returns`: one of these types is what it must evaluate to; any when empty. */
export function compileExpression(env: Environment, source: string, returns: readonly CelType[]): CompiledExpression {
  const faulty = (error: string, malformed = true): CompiledExpression => ({ source, type: undefined, run: undefined, error, malformed });
  try {
    const analysed = analyse(env, source);
    if (analysed.problems.length > 0) return faulty(`compilation failed: ${showProblems(source, analysed.problems)}`);
    const { type } = analysed;
    const names = returns.map(formatType);
    if (returns.length > 0 && !names.includes(formatType(type))) {
      const wanted = names.length === 1 ? (names[0] as string) : `one of [${names.join(" ")}]`;
      return faulty(`must evaluate to ${wanted} but got ${formatType(type)}`, false);
    }
    return { source, type, run: program(env, analysed), error: undefined, malformed: false };
  } catch (error) {
    if (error instanceof CelSyntaxError)
      return faulty(`compilation failed: ${showProblems(source, [{ message: error.message, pos: error.pos }])}`);
    if (error instanceof CelError) return faulty(`program instantiation failed: ${error.message}`);
    throw error;
  }
}

/** All expressions together cost more than they may: nothing more is evaluated. */
export class BudgetSpent extends Error {
  override readonly name = "BudgetSpent";
  constructor() {
    super("validation failed due to running out of cost budget, no further validation rules will be run");
  }
}

/** What several expressions may cost together. */
export class Budget {
  #left: number;

  constructor(total: number) {
    this.#left = total;
  }

  /** Throws {@link BudgetSpent}. */
  spend(cost: number): void {
    if (cost > this.#left) throw new BudgetSpent();
    this.#left -= cost;
  }
}

/** A value, or in upstream's words why there is none. */
export type Evaluation =
  | { readonly value: CelValue; readonly error?: undefined; readonly failure?: undefined }
  /** `failure`: the engine's own words. */
  | { readonly error: string; readonly failure: string; readonly value?: undefined };

/** Runs one expression. A {@link import("../../lang/cel/need.ts").Need} and {@link BudgetSpent} are thrown. */
export function evaluate(expression: CompiledExpression, variable: Variables, budget: Budget): Evaluation {
  const { run, source } = expression;
  if (run === undefined) return { error: `compilation error: ${expression.error ?? ""}`, failure: expression.error ?? "" };
  const meter = new CostMeter(PER_CALL_LIMIT);
  try {
    const value = run(variable, meter);
    budget.spend(meter.spent);
    return { value };
  } catch (error) {
    if (!(error instanceof CelError) && !(error instanceof CelBudgetError)) throw error;
    budget.spend(meter.spent);
    return { error: `expression '${source}' resulted in error: ${error.message}`, failure: error.message };
  }
}

export type Variables = (name: string) => CelValue | undefined;

/** What an evaluation is about. Values are made when an expression asks for them. */
export interface ActivationInputs {
  readonly attributes: AdmissionAttributes;
  /** The objects at the version that was matched. */
  readonly object: UnstructuredObject | undefined;
  readonly oldObject: UnstructuredObject | undefined;
  readonly matched: Equivalent;
  readonly namespace?: UnstructuredObject | undefined;
  readonly params?: UnstructuredObject | null | undefined;
  readonly answers: Answers<AuthorizationRequest, AuthorizationAnswer>;
}

/** The variables of one evaluation; each is made once. */
export function activation(inputs: ActivationInputs): Variables {
  const known = new Map<string, CelValue>();
  return (name) => {
    const value = known.get(name);
    if (value !== undefined) return value;
    const made = makeVariable(name, inputs);
    if (made !== undefined) known.set(name, made);
    return made;
  };
}

function makeVariable(name: string, inputs: ActivationInputs): CelValue | undefined {
  switch (name) {
    case "object":
      return jsonValue(inputs.object ?? null);
    case "oldObject":
      return jsonValue(inputs.oldObject ?? null);
    case "params":
      return jsonValue(inputs.params ?? null);
    case "request":
      return jsonValue(requestVariable(inputs));
    case "namespaceObject":
      return jsonValue(inputs.namespace === undefined ? null : namespaceVariable(inputs.namespace));
    case "authorizer":
      return authorizerOf(inputs);
    case "authorizer.requestResource": {
      const { attributes } = inputs;
      const { group, resource } = attributes.definition;
      const { subresource, namespace } = attributes;
      return requestResource(authorizerOf(inputs), { group, resource, subresource, namespace, name: attributes.name });
    }
    default:
      return undefined;
  }
}

function authorizerOf({ attributes, answers }: ActivationInputs): AuthorizerValue {
  const { name, uid = "", groups, extra = {} } = attributes.user;
  return new AuthorizerValue({ name, uid, groups, extra }, answers);
}

const gvkOf = ({ group, version, kind }: GroupVersionKind): object => ({ group, version, kind });

/** As Go marshals an AdmissionRequest without objects and uid. */
function requestVariable({ attributes, matched }: ActivationInputs): object {
  const { definition, subresource, user, name, namespace, operation } = attributes;
  return {
    uid: "",
    kind: gvkOf(matched.kind),
    resource: { group: matched.group, version: matched.version, resource: matched.resource },
    ...(subresource === "" ? {} : { subResource: subresource }),
    requestKind: gvkOf(attributes.kind),
    requestResource: { group: definition.group, version: attributes.version, resource: definition.resource },
    ...(subresource === "" ? {} : { requestSubResource: subresource }),
    ...(name === "" ? {} : { name }),
    ...(namespace === "" ? {} : { namespace }),
    operation,
    userInfo: userInfo(user),
    object: null,
    oldObject: null,
    dryRun: attributes.dryRun,
    options: attributes.options ?? null,
  };
}

/** `authentication.k8s.io/v1 UserInfo`, empty parts left out. */
export function userInfo({ name, uid = "", groups, extra = {} }: AdmissionAttributes["user"]): object {
  return {
    ...(name === "" ? {} : { username: name }),
    ...(uid === "" ? {} : { uid }),
    ...(groups.length === 0 ? {} : { groups }),
    ...(Object.keys(extra).length === 0 ? {} : { extra }),
  };
}

/** Without what upstream keeps from expressions: managed fields, owners. */
function namespaceVariable({ metadata, spec, status }: UnstructuredObject): object {
  const { managedFields: _, ownerReferences: __, ...shown } = metadata ?? {};
  return { metadata: shown, spec: spec ?? {}, status: status ?? {} };
}
