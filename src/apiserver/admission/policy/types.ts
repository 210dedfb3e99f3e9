/** What a policy of either kind is made of, as the generic parts see it. */
import type { MatchResources, ParamKind, ParamRef, Variable } from "../../../schema/types/admissionregistration-v1.ts";
import type { KubeObject } from "../../../schema/object.ts";
import type { MatchCondition } from "../conditions.ts";

export interface Policy extends KubeObject {
  readonly spec?:
    | {
        readonly failurePolicy?: string | undefined;
        readonly matchConditions?: readonly MatchCondition[] | undefined;
        readonly matchConstraints?: MatchResources | undefined;
        readonly paramKind?: ParamKind | undefined;
        readonly variables?: readonly Variable[] | undefined;
      }
    | undefined;
}

export interface Binding extends KubeObject {
  readonly spec?:
    | {
        readonly matchResources?: MatchResources | undefined;
        readonly paramRef?: ParamRef | undefined;
        readonly policyName?: string | undefined;
        readonly validationActions?: readonly string[] | undefined;
      }
    | undefined;
}

/** A policy that has bindings, with what was made of it once. */
export interface PolicyHook<P extends Policy, E> {
  readonly policy: P;
  readonly bindings: readonly Binding[];
  readonly evaluator: E;
}
