/** MutatingAdmissionPolicy: what the policies that are bound to a request make of its object. */
import { ApiError, isApiError, type StatusReason } from "../../../core/api-error.ts";
import { Answers, type AuthorizationAnswer, type AuthorizationRequest, Need, withAnswers } from "../../../lang/cel/index.ts";
import type { UnstructuredObject } from "../../../schema/object.ts";
import type { MutatingAdmissionPolicy } from "../../../schema/types/admissionregistration-v1.ts";
import type { AdmissionAttributes } from "../../admission.ts";
import type { Equivalent } from "../equivalents.ts";
import { refusal } from "../refusal.ts";
import { replaceObject } from "../replace.ts";
import { Rounds } from "../webhook/rounds.ts";
import type { PolicyDeps } from "./deps.ts";
import { matchResources } from "./matching.ts";
import type { Mutator } from "./mutator.ts";
import { collectParams, paramResource } from "./params.ts";
import type { Binding, PolicyHook } from "./types.ts";
import { namespaceOf, shownObjects } from "./validating.ts";

export type MutatingHook = PolicyHook<MutatingAdmissionPolicy, Mutator>;

interface Invocation {
  readonly hook: MutatingHook;
  readonly binding: Binding;
  readonly matched: Equivalent;
  readonly param: UnstructuredObject | null;
}

interface Fault {
  readonly message: string;
  readonly reason: StatusReason;
}

/** Throws the refusal of policies that could not be evaluated and do not ignore that. */
export async function mutateByPolicies(hooks: readonly MutatingHook[], attributes: AdmissionAttributes, deps: PolicyDeps): Promise<void> {
  const faults: Fault[] = [];
  const invocations: Invocation[] = [];
  for (const hook of hooks) await collect(hook, attributes, deps, invocations, faults);
  if (invocations.length > 0) await new Run(attributes, deps, faults).all(invocations);
  const [first] = faults;
  if (first === undefined) return;
  const error = refusal(attributes, "");
  const causes = faults.map(({ message }) => ({ message }));
  throw new ApiError(error.code, first.reason, first.message, { ...error.details, causes });
}

async function collect(
  hook: MutatingHook,
  attributes: AdmissionAttributes,
  deps: PolicyDeps,
  invocations: Invocation[],
  faults: Fault[],
): Promise<void> {
  const { policy } = hook;
  let matched: Equivalent | undefined;
  try {
    const { matchConstraints } = policy.spec ?? {};
    if (matchConstraints === undefined) throw new Error("policy contained no match constraints, a required field");
    matched = await matchResources(matchConstraints, attributes, deps);
    if (matched !== undefined && policy.spec?.paramKind !== undefined) paramResource(policy.spec.paramKind, deps.definitions());
  } catch (error) {
    blame(faults, policy, undefined, `failed to configure policy: ${(error as Error).message}`);
    return;
  }
  if (matched === undefined) return;
  for (const binding of hook.bindings) {
    try {
      const { matchResources: wanted, paramRef } = binding.spec ?? {};
      if (wanted !== undefined && (await matchResources(wanted, attributes, deps)) === undefined) continue;
      const params = await collectParams(policy.spec?.paramKind, paramRef, attributes.namespace, deps);
      for (const param of params) invocations.push({ hook, binding, matched, param });
    } catch (error) {
      blame(faults, policy, binding, `failed to configure binding: ${(error as Error).message}`);
    }
  }
}

function blame(
  faults: Fault[],
  policy: MutatingAdmissionPolicy,
  binding: Binding | undefined,
  why: string,
  reason: StatusReason = "Forbidden",
): void {
  if (policy.spec?.failurePolicy === "Ignore") return;
  const name = policy.metadata?.name ?? "";
  const whose =
    binding === undefined ? `policy ${JSON.stringify(name)}` : `policy '${name}' with binding '${binding.metadata?.name ?? ""}'`;
  faults.push({ message: `${whose} denied request: ${why}`, reason });
}

/** The evaluation of one request. */
class Run {
  readonly #attributes: AdmissionAttributes;
  readonly #deps: PolicyDeps;
  readonly #faults: Fault[];
  readonly #answers = new Answers<AuthorizationRequest, AuthorizationAnswer>();
  #namespace: UnstructuredObject | undefined;

  constructor(attributes: AdmissionAttributes, deps: PolicyDeps, faults: Fault[]) {
    this.#attributes = attributes;
    this.#deps = deps;
    this.#faults = faults;
  }

  async all(invocations: readonly Invocation[]): Promise<void> {
    const { reinvocation, object } = this.#attributes;
    const rounds = Rounds.of(reinvocation, "MutatingAdmissionPolicy");
    if (reinvocation.again) rounds.begin(object);
    this.#namespace = await namespaceOf(this.#attributes, this.#deps);
    let mutated = false;
    try {
      for (const invocation of invocations) mutated = (await this.#one(invocation, rounds)) || mutated;
    } finally {
      if (mutated) {
        rounds.changed();
        reinvocation.request();
      }
      rounds.end(this.#attributes.object);
    }
  }

  /** Whether mutations were applied, even such as changed nothing. */
  async #one({ hook, binding, matched, param }: Invocation, rounds: Rounds): Promise<boolean> {
    const { policy, evaluator } = hook;
    const attributes = this.#attributes;
    const inputs = async () => ({
      ...(await shownObjects(attributes, matched)),
      attributes,
      matched,
      params: param,
      namespace: this.#namespace,
      answers: this.#answers,
    });
    const before = await inputs();
    const conditions = await this.#answered(() => evaluator.conditions(before));
    if (conditions !== undefined && "error" in conditions) {
      blame(this.#faults, policy, binding, conditions.error, "Invalid");
      return false;
    }
    if (conditions?.matches === false) return false;
    const uid = [policy, binding, param].map((of) => `${of?.metadata?.namespace ?? ""}/${of?.metadata?.name ?? ""}`).join(" ");
    if (attributes.reinvocation.again && !rounds.isDue({ uid })) return false;
    let mutated = false;
    let changed = false;
    for (const mutation of evaluator.mutations) {
      const shown = await inputs();
      if (shown.object === undefined) continue;
      const started = this.#deps.clock.monotonic();
      let failure = "";
      try {
        const made = await this.#answered(() => evaluator.mutate(mutation, shown));
        changed = (await replaceObject(attributes, matched, shown.object, made ?? shown.object)) || changed;
        mutated = true;
      } catch (error) {
        if (isApiError(error) || error instanceof Need) throw error;
        failure = (error as Error).message;
        blame(this.#faults, policy, binding, failure, "Invalid");
      }
      this.#deps.metrics.checked({
        policy: policy.metadata?.name ?? "",
        binding: binding.metadata?.name ?? "",
        seconds: (this.#deps.clock.monotonic() - started) / 1000,
        error: failure,
        action: failure === "" ? "allow" : "deny",
      });
    }
    if (changed) {
      rounds.changed();
      attributes.reinvocation.request();
    }
    rounds.called({ uid, spec: { reinvocationPolicy: policy.spec?.reinvocationPolicy } });
    return mutated;
  }

  async #answered<T>(run: () => T): Promise<T> {
    return await withAnswers(run, this.#answers, this.#deps.authorize);
  }
}
