/** Who may do what, as the flags or a configuration file say that it is decided: the authorizers in their order. */
import { readFileSync } from "node:fs";
import { AbacAuthorizer, parseAbacPolicies } from "../../auth/abac.ts";
import type { Attributes, Authorizer } from "../../auth/authorizer.ts";
import {
  aggregate,
  allowGroups,
  alwaysAllow,
  alwaysDeny,
  countingAuthorizer,
  type RuleResolver,
  unionAuthorizer,
  unionRules,
} from "../../auth/authorizers.ts";
import {
  type AuthorizationConfiguration,
  type AuthorizationWebhookConfiguration,
  parseAuthorizationConfiguration,
} from "../../auth/config/authorization-configuration.ts";
import { authorizerNameFaults, compileMatchConditions, validateAuthorization } from "../../auth/config/authorization-validation.ts";
import { ConfigError } from "../../auth/config/config-document.ts";
import { ReloadMetrics } from "../../auth/config/reload-metrics.ts";
import { watchFile } from "../../auth/config/watched-file.ts";
import type { UserInfo } from "../../auth/user.ts";
import { WebhookAuthorizer, webhookAuthorizerMetrics } from "../../auth/webhook-authorizer.ts";
import type { Clock } from "../../core/clock.ts";
import type { Logger } from "../../core/log.ts";
import type { MetricsRegistry } from "../../core/metrics.ts";
import { describeFieldError, rootPath } from "../../schema/field-error.ts";
import { type ApiServerFlags, readFlagFile } from "../api-server-flags/index.ts";
import { UsageError } from "../usage-error.ts";
import { webhookTargetOf } from "./authentication.ts";

type Member = Authorizer & RuleResolver;

export interface AuthorizationOptions {
  readonly flags: ApiServerFlags;
  /** The authorizer of nodes, and RBAC: those that read objects. */
  readonly node: () => Member;
  readonly rbac: () => Member;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: MetricsRegistry;
  readonly serverId: string;
}

export interface Authorization {
  readonly authorizer: Authorizer;
  readonly rules: RuleResolver;
  /** Types of the authorizers that are asked. */
  has(type: string): boolean;
  start(): void;
  stop(): void;
}

interface Chain {
  readonly authorizer: Authorizer;
  readonly rules: RuleResolver;
}

/** What a cluster is guarded by when nothing is said. */
const defaultModes = ["Node", "RBAC"];

/** Throws UsageError for a file that cannot be used. */
export function authorization(options: AuthorizationOptions): Authorization {
  const { flags, clock, log, metrics } = options;
  const file = flags.file("authorization-config");
  const config = file === undefined ? flagConfiguration(flags) : load(file.text, []);
  const make = chainMaker(options, config);
  let current = make(config);
  const face = {
    authorizer: { authorize: (attributes: Attributes) => current.authorizer.authorize(attributes) },
    rules: { rulesFor: (user: UserInfo, namespace: string) => current.rules.rulesFor(user, namespace) },
    has: (type: string) => config.authorizers.some((a) => a.type === type),
  };
  if (file === undefined) return { ...face, start: () => undefined, stop: () => undefined };
  const reload = new ReloadMetrics(metrics, "authorization", options.serverId);
  reload.applied(file.text);
  const mustStay = config.authorizers.map((a) => a.type).filter((t) => t !== "Webhook");
  let text = file.text;
  let shown = JSON.stringify(config);
  const look = (): void => {
    try {
      const next = readFileSync(file.path, "utf8");
      if (next === text) return;
      text = next;
      const changed = load(text, mustStay);
      if (JSON.stringify(changed) === shown) return;
      current = make(changed);
      shown = JSON.stringify(changed);
      log.info("reloaded authz config", { path: file.path });
      reload.reloaded("success", clock.now() / 1000);
      reload.applied(text);
    } catch (error) {
      log.error("reloading authorization config", { error, path: file.path });
      reload.reloaded("failure", clock.now() / 1000);
    }
  };
  let watch: { stop(): void } | undefined;
  return {
    ...face,
    start: () => {
      watch = watchFile(file.path, look, { clock, log });
    },
    stop: () => watch?.stop(),
  };
}

function load(text: string, mustStay: readonly string[]): AuthorizationConfiguration {
  let config: AuthorizationConfiguration;
  try {
    config = parseAuthorizationConfiguration(text);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new UsageError(`failed to load AuthorizationConfiguration from file: ${error.message}`);
  }
  const errors = validateAuthorization(config).map(describeFieldError);
  const faults = errors.length > 0 ? errors : authorizerNameFaults(config, mustStay);
  if (faults.length > 0) throw new UsageError(aggregate(faults));
  return config;
}

function flagConfiguration(flags: ApiServerFlags): AuthorizationConfiguration {
  const given = flags.list("authorization-mode");
  const [authorizedTTL, unauthorizedTTL] = [
    flags.duration("authorization-webhook-cache-authorized-ttl"),
    flags.duration("authorization-webhook-cache-unauthorized-ttl"),
  ];
  const webhook: AuthorizationWebhookConfiguration = {
    authorizedTTL,
    cacheAuthorizedRequests: authorizedTTL !== 0,
    unauthorizedTTL,
    cacheUnauthorizedRequests: unauthorizedTTL !== 0,
    timeout: 30_000,
    subjectAccessReviewVersion: flags.string("authorization-webhook-version"),
    matchConditionSubjectAccessReviewVersion: "",
    failurePolicy: "NoOpinion",
    connectionInfo: { type: "KubeConfigFile", kubeConfigFile: flags.string("authorization-webhook-config-file") },
    matchConditions: [],
  };
  return {
    authorizers: (given.length === 0 ? defaultModes : given).map((type) =>
      type === "Webhook" ? { type, name: "default", webhook } : { type, name: type.toLowerCase() },
    ),
  };
}

/** Makes a chain of a configuration. Authorizers that are no webhooks are made once: a reload may not add any. */
function chainMaker(options: AuthorizationOptions, first: AuthorizationConfiguration): (config: AuthorizationConfiguration) => Chain {
  const { flags, metrics } = options;
  const decisions = metrics.counter(
    "apiserver_authorization_decisions_total",
    "Total number of terminal decisions made by an authorizer split by authorizer type, name, and decision.",
    ["type", "name", "decision"],
  );
  const lasting = new Map<string, Member>();
  for (const { type } of first.authorizers) {
    if (type === "Node") lasting.set(type, options.node());
    else if (type === "RBAC") lasting.set(type, options.rbac());
    else if (type === "AlwaysAllow") lasting.set(type, alwaysAllow);
    else if (type === "AlwaysDeny") lasting.set(type, alwaysDeny);
    else if (type === "ABAC") lasting.set(type, abac(flags));
  }
  const memberOf = (type: string, name: string, webhook: AuthorizationWebhookConfiguration | undefined): Member => {
    if (webhook !== undefined) return webhookMember(name, webhook, options);
    const known = lasting.get(type) ?? (type === "AlwaysAllow" ? alwaysAllow : type === "AlwaysDeny" ? alwaysDeny : undefined);
    if (known === undefined) throw new UsageError(`authorizer type ${type} is not allowed if it was not enabled at initial server startup`);
    return known;
  };
  return (config) => {
    const members = config.authorizers.map(({ type, name, webhook }) => ({ type, name, member: memberOf(type, name, webhook) }));
    const counted = members.map(({ type, name, member }) => {
      const labels = { allowed: { type, name, decision: "allowed" }, denied: { type, name, decision: "denied" } };
      return countingAuthorizer(member, (decision) => decisions.inc(labels[decision]));
    });
    return { authorizer: unionAuthorizer(allowGroups(), ...counted), rules: unionRules(...members.map((m) => m.member)) };
  };
}

function abac(flags: ApiServerFlags): Member {
  const path = flags.string("authorization-policy-file");
  try {
    return new AbacAuthorizer(parseAbacPolicies(readFlagFile("authorization-policy-file", path), path));
  } catch (error) {
    if (error instanceof UsageError || !(error instanceof Error)) throw error;
    throw new UsageError(error.message);
  }
}

function webhookMember(name: string, config: AuthorizationWebhookConfiguration, options: AuthorizationOptions): Member {
  const { kubeConfigFile } = config.connectionInfo;
  if (kubeConfigFile === undefined)
    throw new UsageError("connectionInfo.type InClusterConfig is for servers inside a cluster: use KubeConfigFile");
  readFlagFile("authorization-webhook-config-file", kubeConfigFile);
  return new WebhookAuthorizer({
    name,
    target: webhookTargetOf(kubeConfigFile),
    version: config.subjectAccessReviewVersion === "v1" ? "v1" : "v1beta1",
    authorizedTtl: config.cacheAuthorizedRequests ? config.authorizedTTL : 0,
    unauthorizedTtl: config.cacheUnauthorizedRequests ? config.unauthorizedTTL : 0,
    timeout: config.timeout,
    onFailure: config.failurePolicy === "Deny" ? "deny" : "no-opinion",
    conditions: compileMatchConditions(config.matchConditions, rootPath).compiled,
    clock: options.clock,
    metrics: webhookAuthorizerMetrics(options.metrics),
  });
}
