/** Authorizers that are made of others, and the answer that a refused request gets. */
import { forbidden } from "../core/api-error.ts";
import type { ApiError } from "../core/api-error.ts";
import type { Attributes, Authorizer, Verdict } from "./authorizer.ts";
import { combined } from "./errors.ts";
import { mastersGroup } from "./names.ts";
import type { ResourceRule, NonResourceRule } from "../schema/types/authorization-v1.ts";
import type { UserInfo } from "./user.ts";

/** What somebody may do, as far as an authorizer can enumerate it. */
export interface RuleSet {
  readonly resourceRules: readonly ResourceRule[];
  readonly nonResourceRules: readonly NonResourceRule[];
  /** True when the authorizer decides by more than rules. */
  readonly incomplete: boolean;
  readonly error?: string | undefined;
}

export interface RuleResolver {
  rulesFor(user: UserInfo, namespace: string): RuleSet;
}

const noOpinion: Verdict = { decision: "no-opinion", reason: "" };
const allowed: Verdict = { decision: "allow", reason: "" };

/** Members of any of `groups` (by default `system:masters`) may do everything. */
export function allowGroups(groups: readonly string[] = [mastersGroup]): Authorizer {
  return {
    authorize: ({ user }) => (user.groups.some((g) => groups.includes(g)) ? allowed : noOpinion),
  };
}

/** Everybody may do everything (`--authorization-mode AlwaysAllow`). */
export const alwaysAllow: Authorizer & RuleResolver = {
  authorize: () => allowed,
  rulesFor: () => ({
    resourceRules: [{ verbs: ["*"], apiGroups: ["*"], resources: ["*"] }],
    nonResourceRules: [{ verbs: ["*"], nonResourceURLs: ["*"] }],
    incomplete: false,
  }),
};

/** Nobody may do anything that no other authorizer allows (`AlwaysDeny`). */
export const alwaysDeny: Authorizer & RuleResolver = {
  authorize: () => ({ decision: "no-opinion", reason: "Everything is forbidden." }),
  rulesFor: () => ({ resourceRules: [], nonResourceRules: [], incomplete: false }),
};

/**
 * Asks in order; the first that allows or denies decides. When none has an opinion, the request is refused with all their
 * reasons and errors. Synchronous as long as its members are.
 */
export function unionAuthorizer(...members: readonly Authorizer[]): Authorizer {
  const from = (start: number, attributes: Attributes, reasons: string[], errors: Error[]): Verdict | Promise<Verdict> => {
    for (let i = start; i < members.length; i++) {
      const verdict = (members[i] as Authorizer).authorize(attributes);
      if (verdict instanceof Promise) {
        const next = i + 1;
        return verdict.then((v) => {
          if (v.decision !== "no-opinion") return v;
          if (v.reason !== "") reasons.push(v.reason);
          if (v.error !== undefined) errors.push(v.error);
          return from(next, attributes, reasons, errors);
        });
      }
      if (verdict.decision !== "no-opinion") return verdict;
      if (verdict.reason !== "") reasons.push(verdict.reason);
      if (verdict.error !== undefined) errors.push(verdict.error);
    }
    if (reasons.length === 0 && errors.length === 0) return noOpinion;
    return { decision: "no-opinion", reason: reasons.join("\n"), ...(errors.length === 0 ? {} : { error: combined(errors) }) };
  };
  return { authorize: (attributes) => from(0, attributes, [], []) };
}

/** Tells `decided` of every decision that `inner` takes. */
export function countingAuthorizer(inner: Authorizer, decided: (decision: "allowed" | "denied") => void): Authorizer {
  const count = (verdict: Verdict): Verdict => {
    if (verdict.decision !== "no-opinion") decided(verdict.decision === "allow" ? "allowed" : "denied");
    return verdict;
  };
  return {
    authorize(attributes) {
      const verdict = inner.authorize(attributes);
      return verdict instanceof Promise ? verdict.then(count) : count(verdict);
    },
  };
}

export function unionRules(...members: readonly RuleResolver[]): RuleResolver {
  return {
    rulesFor(user, namespace) {
      const sets = members.map((m) => m.rulesFor(user, namespace));
      const errors = sets.flatMap((s) => (s.error === undefined ? [] : [s.error]));
      return {
        resourceRules: sets.flatMap((s) => s.resourceRules),
        nonResourceRules: sets.flatMap((s) => s.nonResourceRules),
        incomplete: sets.some((s) => s.incomplete),
        error: errors.length === 0 ? undefined : aggregate(errors),
      };
    },
  };
}

/** Several messages as one, as Go's aggregated errors print: without repeats, in brackets when there are more than one. */
export function aggregate(messages: readonly string[]): string {
  const unique = [...new Set(messages)];
  return unique.length === 1 ? (unique[0] as string) : `[${unique.join(", ")}]`;
}

const quote = (text: string): string => JSON.stringify(text);
const sanitize = (text: string): string => text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");

/** `User "x" cannot list resource "pods" in API group "" in the namespace "y"`. */
export function forbiddenMessage(a: Attributes): string {
  const who = `User ${quote(a.user.name)} cannot ${a.verb}`;
  if (!a.resourceRequest) return sanitize(`${who} path ${quote(a.path)}`);
  const resource = a.subresource === "" ? a.resource : `${a.resource}/${a.subresource}`;
  const where = a.namespace === "" ? "at the cluster scope" : `in the namespace ${quote(a.namespace)}`;
  return sanitize(`${who} resource ${quote(resource)} in API group ${quote(a.group)} ${where}`);
}

/** The 403 for a request that no authorizer allowed. */
export function forbiddenError(attributes: Attributes, reason: string): ApiError {
  const message = forbiddenMessage(attributes);
  return forbidden(
    { group: attributes.group, resource: attributes.resource },
    attributes.name,
    reason === "" ? message : `${message}: ${reason}`,
  );
}
