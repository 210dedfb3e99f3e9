/** Another server says who may do what (`SubjectAccessReview` of authorization.k8s.io), asked only where conditions match. */
import type { Clock } from "../core/clock.ts";
import type { Counter, Histogram, MetricsRegistry } from "../core/metrics.ts";
import { WebhookCallError } from "../client/webhook/call.ts";
import type { WebhookTarget } from "../client/webhook/target.ts";
import { FieldSelectorError, parseFieldSelector } from "../schema/field-selector.ts";
import { LabelSelectorError, parseLabelSelector } from "../schema/label-selector.ts";
import type { Attributes, Authorizer, Verdict } from "./authorizer.ts";
import type { RuleResolver, RuleSet } from "./authorizers.ts";
import { accessReviewValue, type CompiledExpression } from "./config/expressions.ts";
import { selectedFields } from "./config/expression-reads.ts";
import { asError, combined } from "./errors.ts";
import { askReview } from "./review-webhook.ts";

export interface WebhookAuthorizerOptions {
  /** As it is called in the configuration, and so in metrics. */
  readonly name: string;
  readonly target: () => Promise<WebhookTarget>;
  /** The version of SubjectAccessReview that is sent and expected. */
  readonly version: "v1" | "v1beta1";
  /** Milliseconds that an answer is remembered; 0: not at all. */
  readonly authorizedTtl: number;
  readonly unauthorizedTtl: number;
  /** Milliseconds for one attempt. */
  readonly timeout: number;
  /** What it means when the webhook cannot be asked, or a condition cannot be evaluated. */
  readonly onFailure: "deny" | "no-opinion";
  readonly conditions: readonly CompiledExpression[];
  readonly clock: Clock;
  readonly metrics?: WebhookAuthorizerMetrics | undefined;
  /** Milliseconds before a failed attempt is made again the first time. */
  readonly initialDelay?: number | undefined;
}

/** What is counted of authorization webhooks, under upstream's names. */
export interface WebhookAuthorizerMetrics {
  readonly evaluations: Counter;
  readonly durations: Histogram;
  readonly failOpen: Counter;
  readonly conditionSeconds: Histogram;
  readonly conditionFailures: Counter;
  readonly conditionExclusions: Counter;
}

/** Registers what all such authorizers of a server count together; once a registry. */
export function webhookAuthorizerMetrics(registry: MetricsRegistry): WebhookAuthorizerMetrics {
  const prefix = "apiserver_authorization";
  const byName = ["name", "result"];
  const byType = ["type", "name"];
  return {
    evaluations: registry.counter(`${prefix}_webhook_evaluations_total`, "Round-trips to authorization webhooks.", byName),
    durations: registry.histogram(
      `${prefix}_webhook_duration_seconds`,
      "Request latency in seconds.",
      byName,
      [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    ),
    failOpen: registry.counter(
      `${prefix}_webhook_evaluations_fail_open_total`,
      "NoOpinion results due to webhook timeout or error.",
      byName,
    ),
    conditionSeconds: registry.histogram(
      `${prefix}_match_condition_evaluation_seconds`,
      "Authorization match condition evaluation time in seconds, split by authorizer type and name.",
      byType,
      [0.001, 0.005, 0.01, 0.025, 0.1, 0.2, 0.25],
    ),
    conditionFailures: registry.counter(
      `${prefix}_match_condition_evaluation_errors_total`,
      "Total number of errors when an authorization webhook encounters a match condition error split by authorizer type and name.",
      byType,
    ),
    conditionExclusions: registry.counter(
      `${prefix}_match_condition_exclusions_total`,
      "Total number of exclusions when an authorization webhook is skipped because match conditions exclude it.",
      byType,
    ),
  };
}

/** The spec of the review that asks for these attributes, in the order of Go's fields. */
export function accessReviewSpec(a: Attributes): Record<string, unknown> {
  const { user } = a;
  const text = (name: string, value: string): object => (value === "" ? {} : { [name]: value });
  const attributes = a.resourceRequest
    ? {
        resourceAttributes: {
          ...text("namespace", a.namespace),
          ...text("verb", a.verb),
          ...text("group", a.group),
          ...text("version", a.version),
          ...text("resource", a.resource),
          ...text("subresource", a.subresource),
          ...text("name", a.name),
          ...selectorOf("fieldSelector", fieldRequirements(a.fieldSelector)),
          ...selectorOf("labelSelector", labelRequirements(a.labelSelector)),
        },
      }
    : { nonResourceAttributes: { ...text("path", a.path), ...text("verb", a.verb) } };
  return {
    ...attributes,
    ...text("user", user.name),
    ...(user.groups.length === 0 ? {} : { groups: user.groups }),
    ...(user.extra === undefined || Object.keys(user.extra).length === 0 ? {} : { extra: user.extra }),
    ...text("uid", user.uid ?? ""),
  };
}

interface Requirement {
  readonly key: string;
  readonly operator: string;
  readonly values?: readonly string[];
}

function selectorOf(name: string, requirements: readonly Requirement[]): object {
  return requirements.length === 0 ? {} : { [name]: { requirements } };
}

function fieldRequirements(selector: string | undefined): Requirement[] {
  if (selector === undefined || selector === "") return [];
  try {
    const { requirements } = parseFieldSelector(selector);
    return requirements.map((r) => ({ key: r.field, operator: r.op === "=" ? "In" : "NotIn", values: [r.value] }));
  } catch (error) {
    if (error instanceof FieldSelectorError) return [];
    throw error;
  }
}

const labelOperators: Readonly<Record<string, string>> = {
  "=": "In",
  "==": "In",
  in: "In",
  "!=": "NotIn",
  notin: "NotIn",
  exists: "Exists",
  "!": "DoesNotExist",
};

function labelRequirements(selector: string | undefined): Requirement[] {
  if (selector === undefined || selector === "") return [];
  try {
    return parseLabelSelector(selector).requirements.flatMap(({ key, operator, values }) => {
      // Whatever cannot be said is left out: what is asked is then wider.
      const name = labelOperators[operator];
      return name === undefined ? [] : [{ key, operator: name, ...(values.length === 0 ? {} : { values }) }];
    });
  } catch (error) {
    if (error instanceof LabelSelectorError) return [];
    throw error;
  }
}

interface Status {
  readonly allowed?: boolean;
  readonly denied?: boolean;
  readonly reason?: string;
}

const maxRemembered = 8192;
/** Longer attributes may be somebody's attempt to fill the memory. */
const maxControlled = 10_000;

export class WebhookAuthorizer implements Authorizer, RuleResolver {
  readonly #options: WebhookAuthorizerOptions;
  readonly #answers = new Map<string, { readonly status: Status; readonly until: number }>();
  readonly #readsFieldSelector: boolean;
  readonly #readsLabelSelector: boolean;

  constructor(options: WebhookAuthorizerOptions) {
    this.#options = options;
    const fields = new Set(options.conditions.flatMap((c) => [...selectedFields(c.expr)]));
    this.#readsFieldSelector = fields.has("fieldSelector");
    this.#readsLabelSelector = fields.has("labelSelector");
  }

  rulesFor(): RuleSet {
    const error = "webhook authorizer does not support user rule resolution";
    return { resourceRules: [], nonResourceRules: [], incomplete: true, error };
  }

  authorize(attributes: Attributes): Verdict | Promise<Verdict> {
    const spec = accessReviewSpec(attributes);
    const { conditions, onFailure, clock } = this.#options;
    if (conditions.length > 0) {
      const matched = this.#match(attributes, spec);
      if (matched instanceof Error) return { decision: onFailure, reason: "", error: matched };
      if (!matched) return { decision: "no-opinion", reason: "" };
    }
    const key = JSON.stringify(spec);
    const known = this.#answers.get(key);
    if (known !== undefined && clock.monotonic() < known.until) return verdictOf(known.status);
    return this.#ask(attributes, spec, key);
  }

  async #ask(attributes: Attributes, spec: object, key: string): Promise<Verdict> {
    const { name, version, timeout, onFailure, metrics, initialDelay } = this.#options;
    const review = {
      kind: "SubjectAccessReview",
      apiVersion: `authorization.k8s.io/${version}`,
      metadata: {},
      spec: sent(spec, version),
      status: { allowed: false },
    };
    let result = "success";
    try {
      const target = await this.#options.target();
      const answer = await askReview<{ status?: Status }>(target, review, {
        timeout,
        initialDelay,
        onAttempt: (code, error, seconds) => {
          const late = (error instanceof WebhookCallError && error.ended === "timeout") || code === 504;
          result = error === undefined ? "success" : late ? "timeout" : "error";
          metrics?.evaluations.inc({ name, result });
          metrics?.durations.observe(seconds, { name, result });
        },
      });
      const status = answer.status ?? {};
      this.#remember(attributes, key, status);
      return verdictOf(status);
    } catch (error) {
      if (onFailure === "no-opinion") metrics?.failOpen.inc({ name, result });
      return { decision: onFailure, reason: "", error: asError(error) };
    }
  }

  #remember(a: Attributes, key: string, status: Status): void {
    const { authorizedTtl, unauthorizedTtl, clock } = this.#options;
    const ttl = status.allowed === true ? authorizedTtl : unauthorizedTtl;
    const controlled = [a.namespace, a.verb, a.group, a.version, a.resource, a.subresource, a.name, a.path];
    if (ttl <= 0 || controlled.reduce((sum, text) => sum + text.length, 0) >= maxControlled) return;
    this.#answers.delete(key);
    if (this.#answers.size >= maxRemembered) this.#answers.delete(this.#answers.keys().next().value as string);
    this.#answers.set(key, { status, until: clock.monotonic() + ttl });
  }

  /** Whether all conditions hold; the errors of those that could not be evaluated when none is plainly false. */
  #match(attributes: Attributes, spec: Readonly<Record<string, unknown>>): boolean | Error {
    const { name, conditions, clock, metrics } = this.#options;
    const labels = { type: "Webhook", name };
    const started = clock.monotonic();
    const errors: Error[] = [];
    try {
      const value = accessReviewValue(this.#whole(attributes, spec));
      for (const condition of conditions) {
        try {
          if (condition.evaluate(value) === true) continue;
          metrics?.conditionExclusions.inc(labels);
          return false;
        } catch (error) {
          const why = `cel evaluation error: expression '${condition.source}' resulted in error: ${asError(error).message}`;
          errors.push(new Error(why, { cause: error }));
        }
      }
      return errors.length === 0 ? true : combined(errors);
    } finally {
      metrics?.conditionSeconds.observe((clock.monotonic() - started) / 1000, labels);
      if (errors.length > 0) metrics?.conditionFailures.inc(labels);
    }
  }

  /** Every field that an expression may read, empty ones too. */
  #whole(a: Attributes, spec: Readonly<Record<string, unknown>>): object {
    const given = spec["resourceAttributes"] as { fieldSelector?: object; labelSelector?: object } | undefined;
    const common = { user: a.user.name, groups: a.user.groups, uid: a.user.uid ?? "", extra: a.user.extra ?? {} };
    if (given === undefined) return { ...common, nonResourceAttributes: { verb: a.verb, path: a.path } };
    const { namespace, verb, group, version, resource, subresource, name } = a;
    return {
      ...common,
      resourceAttributes: {
        namespace,
        verb,
        group,
        version,
        resource,
        subresource,
        name,
        ...(this.#readsFieldSelector && given.fieldSelector !== undefined ? { fieldSelector: given.fieldSelector } : {}),
        ...(this.#readsLabelSelector && given.labelSelector !== undefined ? { labelSelector: given.labelSelector } : {}),
      },
    };
  }
}

/** `groups` was `group` in v1beta1. */
function sent(spec: object, version: "v1" | "v1beta1"): object {
  if (version === "v1" || !("groups" in spec)) return spec;
  return Object.fromEntries(Object.entries(spec).map(([key, value]: [string, unknown]) => [key === "groups" ? "group" : key, value]));
}

function verdictOf({ allowed, denied, reason = "" }: Status): Verdict {
  if (denied === true && allowed === true) {
    return { decision: "deny", reason, error: new Error("webhook subject access review returned both allow and deny response") };
  }
  return { decision: denied === true ? "deny" : allowed === true ? "allow" : "no-opinion", reason };
}
