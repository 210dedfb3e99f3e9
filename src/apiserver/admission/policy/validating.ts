/** ValidatingAdmissionPolicy: what the policies that are bound to a request have against it. */
import { ApiError, notFound, type StatusReason } from "../../../core/api-error.ts";
import { Answers, type AuthorizationAnswer, type AuthorizationRequest, withAnswers } from "../../../lang/cel/index.ts";
import type { UnstructuredObject } from "../../../schema/object.ts";
import type { ValidatingAdmissionPolicy } from "../../../schema/types/admissionregistration-v1.ts";
import type { AdmissionAttributes } from "../../admission.ts";
import { annotate } from "../../audit/annotations.ts";
import { atVersion, type Equivalent } from "../equivalents.ts";
import { refusal } from "../refusal.ts";
import type { PolicyDeps } from "./deps.ts";
import { matchResources } from "./matching.ts";
import type { Enforcement } from "./metrics.ts";
import { collectParams, paramResource } from "./params.ts";
import type { Binding, PolicyHook } from "./types.ts";
import type { Decision, Validator, Verdict } from "./validator.ts";

export type ValidatingHook = PolicyHook<ValidatingAdmissionPolicy, Validator>;

interface Denial {
  readonly message: string;
  readonly reason: string;
}

/** Bytes of an audit annotation's value. */
const longestAnnotation = 10 * 1024;

const codes: Readonly<Record<string, number>> = { Forbidden: 403, Unauthorized: 401, RequestEntityTooLarge: 413 };

/** Throws the first denial, with upstream's words. */
export async function validateByPolicies(
  hooks: readonly ValidatingHook[],
  attributes: AdmissionAttributes,
  deps: PolicyDeps,
): Promise<void> {
  const denials: Denial[] = [];
  const run = new Run(attributes, deps, denials);
  for (const hook of hooks) await run.hook(hook);
  const [first] = denials;
  if (first === undefined) return;
  const error = refusal(attributes, first.message);
  const reason = first.reason || "Invalid";
  const details = { ...error.details, causes: [{ message: first.message }] };
  throw new ApiError(codes[reason] ?? 422, reason as StatusReason, error.message, details);
}

/** The evaluation of one request. */
class Run {
  readonly #attributes: AdmissionAttributes;
  readonly #deps: PolicyDeps;
  readonly #denials: Denial[];
  readonly #answers = new Answers<AuthorizationRequest, AuthorizationAnswer>();

  constructor(attributes: AdmissionAttributes, deps: PolicyDeps, denials: Denial[]) {
    this.#attributes = attributes;
    this.#deps = deps;
    this.#denials = denials;
  }

  async hook(hook: ValidatingHook): Promise<void> {
    const { policy } = hook;
    const attributes = this.#attributes;
    let matched: Equivalent | undefined;
    try {
      const { matchConstraints } = policy.spec ?? {};
      if (matchConstraints === undefined) throw new Error("policy contained no match constraints, a required field");
      matched = await matchResources(matchConstraints, attributes, this.#deps);
      if (matched !== undefined && policy.spec?.paramKind !== undefined) paramResource(policy.spec.paramKind, this.#deps.definitions());
    } catch (error) {
      this.#misconfigured(policy, undefined, error);
      return;
    }
    if (matched === undefined) return;
    const annotations = new Map<string, string[]>();
    for (const binding of hook.bindings) await this.#binding(hook, binding, matched, annotations);
    for (const [key, values] of annotations) annotate(attributes.request, `${policy.metadata?.name ?? ""}/${key}`, values.join(", "));
  }

  async #binding(hook: ValidatingHook, binding: Binding, matched: Equivalent, annotations: Map<string, string[]>): Promise<void> {
    const { policy } = hook;
    const attributes = this.#attributes;
    let params: readonly (UnstructuredObject | null)[];
    try {
      const { matchResources: wanted, paramRef } = binding.spec ?? {};
      if (wanted !== undefined && (await matchResources(wanted, attributes, this.#deps)) === undefined) return;
      params = await collectParams(policy.spec?.paramKind, paramRef, attributes.namespace, this.#deps);
    } catch (error) {
      this.#misconfigured(policy, binding, error);
      return;
    }
    const namespace = await namespaceOf(attributes, this.#deps);
    const shown = params.length === 0 ? undefined : await shownObjects(attributes, matched);
    for (const param of params) {
      const started = this.#deps.clock.monotonic();
      const inputs = {
        attributes,
        matched,
        namespace,
        params: param,
        answers: this.#answers,
        object: shown?.object,
        oldObject: shown?.oldObject,
      };
      const verdict = await withAnswers(() => hook.evaluator.validate(inputs), this.#answers, this.#deps.authorize);
      this.#heed(policy, binding, verdict, (this.#deps.clock.monotonic() - started) / 1000, annotations);
    }
  }

  #heed(policy: ValidatingAdmissionPolicy, binding: Binding, verdict: Verdict, seconds: number, annotations: Map<string, string[]>): void {
    const names = { policy: policy.metadata?.name ?? "", binding: binding.metadata?.name ?? "" };
    const { metrics } = this.#deps;
    if (verdict.conditions !== undefined) {
      const owner = { name: names.policy, kind: "policy", type: "validate", operation: this.#attributes.operation };
      this.#deps.conditionMetrics.evaluated(owner, seconds, verdict.conditions.errors);
      if ("matches" in verdict.conditions && !verdict.conditions.matches) this.#deps.conditionMetrics.excluded(owner);
    }
    verdict.decisions.forEach((decision, index) => {
      const error = decision.isError ? decision.message : "";
      const count = (action: Enforcement): void => metrics.checked({ ...names, seconds, error, action });
      if (!decision.deny) {
        if (decision.isError) count("allow");
        return;
      }
      for (const action of binding.spec?.validationActions ?? []) {
        if (action === "Deny") this.#deny(names, decision);
        else if (action === "Audit") this.#note(binding, index, decision);
        else if (action === "Warn") {
          const whose = `ValidatingAdmissionPolicy '${names.policy}' with binding '${names.binding}'`;
          this.#attributes.request.warnings.push(`Validation failed for ${whose}: ${decision.message}`);
        }
        count(action.toLowerCase() as Enforcement);
      }
    });
    for (const annotation of verdict.annotations) {
      if (annotation.type === "error") {
        this.#deny(names, { message: annotation.error, reason: "" });
        metrics.checked({ ...names, seconds, error: annotation.error, action: "deny" });
        continue;
      }
      const values = annotations.get(annotation.key) ?? [];
      const value = annotation.value.slice(0, longestAnnotation);
      // Bindings with other parameters may come to other values.
      if (!values.includes(value)) annotations.set(annotation.key, [...values, value]);
    }
  }

  #deny(names: { readonly policy: string; readonly binding: string }, { message, reason }: Pick<Decision, "message" | "reason">): void {
    const whose = `ValidatingAdmissionPolicy '${names.policy}' with binding '${names.binding}'`;
    this.#denials.push({ message: `${whose} denied request: ${message}`, reason });
  }

  #note(binding: Binding, expressionIndex: number, { message }: Decision): void {
    const { policyName, validationActions } = binding.spec ?? {};
    const value = [{ message, policy: policyName ?? "", binding: binding.metadata?.name ?? "", expressionIndex, validationActions }];
    annotate(this.#attributes.request, "validation.policy.admission.k8s.io/validation_failure", JSON.stringify(value));
  }

  #misconfigured(policy: ValidatingAdmissionPolicy, binding: Binding | undefined, error: unknown): void {
    if (policy.spec?.failurePolicy === "Ignore") return;
    const message = (error as Error).message;
    const name = policy.metadata?.name ?? "";
    if (binding !== undefined) {
      this.#deny(
        { policy: name, binding: binding.metadata?.name ?? "" },
        { message: `failed to configure binding: ${message}`, reason: "" },
      );
      return;
    }
    this.#denials.push({
      message: `ValidatingAdmissionPolicy '${name}' denied request: failed to configure policy: ${message}`,
      reason: "",
    });
  }
}

/** The namespace of the request, as expressions see it; none for what is cluster-scoped. Throws 404. */
export async function namespaceOf(
  { definition, namespace }: AdmissionAttributes,
  deps: Pick<PolicyDeps, "namespaces">,
): Promise<UnstructuredObject | undefined> {
  if (namespace === "" || (definition.group === "" && definition.kind === "Namespace")) return undefined;
  const found = await deps.namespaces(namespace);
  if (found === undefined) throw notFound({ group: "", resource: "namespaces" }, namespace);
  return found;
}

export interface ShownObjects {
  readonly object: UnstructuredObject | undefined;
  readonly oldObject: UnstructuredObject | undefined;
}

/** The objects of the request at the version that was matched. */
export async function shownObjects({ object, oldObject }: AdmissionAttributes, matched: Equivalent): Promise<ShownObjects> {
  return {
    object: object === undefined ? undefined : await atVersion(object, matched),
    oldObject: oldObject === undefined ? undefined : await atVersion(oldObject, matched),
  };
}
