/**
 * Evaluations of admission: the variables `object`, `oldObject`, `request`, `namespaceObject`, `params`, `authorizer`, and the
 * errors and budgets (`apiserver/pkg/admission/plugin/cel`).
 */
import {
  type Answers,
  type AuthorizationAnswer,
  type AuthorizationRequest,
  AuthorizerValue,
  CelBudgetError,
  CelError,
  type CelValue,
  CostMeter,
  jsonValue,
  PER_CALL_LIMIT,
  requestResource,
} from "../../lang/cel/index.ts";
import type { CompiledExpression } from "../../schema/admission/expressions.ts";
import type { GroupVersionKind, UnstructuredObject } from "../../schema/object.ts";
import type { AdmissionAttributes } from "../admission.ts";
import type { Equivalent } from "./equivalents.ts";

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
