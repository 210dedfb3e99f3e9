/** PodSecurity: pods, and the templates of their controllers, against the Pod Security Standards that their namespace asks for. */
import type { AdmissionAttributes, AdmissionPlugin } from "../../apiserver/admission.ts";
import { annotate } from "../../apiserver/audit/annotations.ts";
import { aggregate } from "../../auth/authorizers.ts";
import { ApiError } from "../../core/api-error.ts";
import type { Counter, MetricsRegistry } from "../../core/metrics.ts";
import type { LevelVersion, PodSecurityMode, PodSecurityPolicy, Violation } from "../../kinds/pod-security/index.ts";
import {
  compareLevels,
  describePolicy,
  describeVersion,
  describeViolations,
  equivalent,
  podSecurityPrefix,
  podSecurityViolations,
  policyOf,
  samePolicy,
} from "../../kinds/pod-security/index.ts";
import { describeFieldError, type FieldError, invalid } from "../../schema/field-error.ts";
import type { UnstructuredObject } from "../../schema/object.ts";
import type { Namespace, Pod, PodSpec } from "../../schema/types/core-v1.ts";
import type { ObjectMeta } from "../../schema/types/meta-v1.ts";
import type { ResourceDeps } from "../deps.ts";
import type { PodSecurityConfiguration } from "./configuration/pod-security-configuration.ts";
import { refusal } from "./forbidden.ts";
import { namespacePodWarnings } from "./pod-security-namespaces.ts";

/** Subresources of pods whose objects are no pods, or whose writes change nothing that is checked. */
const ignored: ReadonlySet<string> = new Set(["exec", "attach", "binding", "eviction", "log", "portforward", "proxy", "status"]);

interface Template {
  readonly metadata?: ObjectMeta | undefined;
  readonly spec?: PodSpec | undefined;
}

const specTemplate = (object: UnstructuredObject): Template | undefined =>
  (object["spec"] as { template?: Template } | undefined)?.template;

/** Where the resources that make pods keep the pod's template. */
const templates: Readonly<Record<string, (object: UnstructuredObject) => Template | undefined>> = {
  "/replicationcontrollers": specTemplate,
  "/podtemplates": (object) => object["template"] as Template | undefined,
  "apps/replicasets": specTemplate,
  "apps/deployments": specTemplate,
  "apps/statefulsets": specTemplate,
  "apps/daemonsets": specTemplate,
  "batch/jobs": specTemplate,
  "batch/cronjobs": (object) =>
    (object["spec"] as { jobTemplate?: { spec?: { template?: Template } } } | undefined)?.jobTemplate?.spec?.template,
};

export function podSecurity(deps: ResourceDeps, configuration: PodSecurityConfiguration, metrics: MetricsRegistry): AdmissionPlugin {
  const plugin = new PodSecurity(deps, configuration, new PodSecurityMetrics(metrics));
  return {
    name: "PodSecurity",
    handles: ({ operation, definition, subresource }) => {
      if (operation !== "CREATE" && operation !== "UPDATE") return false;
      const { group, resource } = definition;
      if (group === "" && resource === "pods") return !ignored.has(subresource);
      if (subresource !== "") return false;
      return (group === "" && resource === "namespaces") || `${group}/${resource}` in templates;
    },
    validate: (attributes) => plugin.validate(attributes),
  };
}

class PodSecurity {
  readonly #deps: ResourceDeps;
  readonly #configuration: PodSecurityConfiguration;
  readonly #metrics: PodSecurityMetrics;

  constructor(deps: ResourceDeps, configuration: PodSecurityConfiguration, metrics: PodSecurityMetrics) {
    this.#deps = deps;
    this.#configuration = configuration;
    this.#metrics = metrics;
  }

  async validate(attributes: AdmissionAttributes): Promise<void> {
    const { group, resource } = attributes.definition;
    if (group === "" && resource === "namespaces") await this.#namespace(attributes);
    else await this.#workload(attributes, group === "" && resource === "pods");
  }

  async #namespace(attributes: AdmissionAttributes): Promise<void> {
    const { defaults, namespaces } = this.#configuration;
    const namespace = attributes.object as unknown as Namespace;
    const labels = namespace.metadata?.labels;
    const name = namespace.metadata?.name ?? "";
    const { policy, errors } = policyOf(labels, defaults);
    const update = attributes.operation === "UPDATE";
    const before = update ? policyOf((attributes.oldObject as unknown as Namespace).metadata?.labels, defaults) : undefined;
    const known =
      before !== undefined && before.errors.length > 0 && sameTexts(before.errors.map(describeFieldError), errors.map(describeFieldError));
    if (errors.length > 0 && !known) throw invalid({ group: "", kind: "Namespace" }, attributes.name, errors);
    if (before !== undefined) {
      const { enforce } = policy;
      if (samePolicy(enforce, before.policy.enforce) || enforce.level === "privileged") return;
      if (enforce.version === before.policy.enforce.version && compareLevels(enforce.level, before.policy.enforce.level) < 1) return;
    }
    if (namespaces.has(name)) {
      const warning = exemptNamespaceWarning(name, policy, defaults, labels ?? {});
      if (warning !== undefined) attributes.request.warnings.push(warning);
    } else if (before !== undefined) {
      const warnings = await namespacePodWarnings(this.#deps, name, policy.enforce, this.#configuration.runtimeClasses);
      attributes.request.warnings.push(...warnings);
    }
  }

  async #workload(attributes: AdmissionAttributes, isPod: boolean): Promise<void> {
    if (this.#exempt(attributes)) return;
    const { namespace, object, oldObject, request } = attributes;
    const found = (await this.#deps.objects("", "namespaces").get("", namespace)) as Namespace | undefined;
    if (found === undefined) {
      this.#metrics.error(true, attributes);
      const why = `failed to lookup namespace ${JSON.stringify(namespace)}`;
      const cause = `namespace ${JSON.stringify(namespace)} not found`;
      annotate(request, `${podSecurityPrefix}error`, isPod ? `Internal error occurred: ${why}: ${cause}` : `${why}: ${cause}`);
      if (isPod) throw new ApiError(500, "InternalError", `Internal error occurred: ${why}`, { causes: [{ message: why }] });
      return;
    }
    const { policy, errors } = policyOf(found.metadata?.labels, this.#configuration.defaults);
    const { enforce, audit, warn } = policy;
    if (errors.length === 0 && warn.level === "privileged" && audit.level === "privileged" && (!isPod || enforce.level === "privileged")) {
      if (!isPod) return;
      this.#metrics.evaluation("allow", enforce, "enforce", attributes);
      annotate(request, `${podSecurityPrefix}enforce-policy`, "privileged:latest");
      return;
    }
    if (object === undefined) return;
    let template: Template | undefined;
    if (isPod) {
      if (attributes.operation === "UPDATE" && !significant(object as unknown as Pod, oldObject as unknown as Pod)) return;
      template = object as unknown as Pod;
    } else template = templates[`${attributes.definition.group}/${attributes.definition.resource}`]?.(object);
    if (template?.spec === undefined) return;
    this.#evaluate(attributes, policy, errors, { metadata: template.metadata ?? {}, spec: template.spec }, isPod);
  }

  #exempt(attributes: AdmissionAttributes): boolean {
    const { namespaces, usernames } = this.#configuration;
    const why = namespaces.has(attributes.namespace) ? "namespace" : usernames.has(attributes.user.name) ? "user" : undefined;
    if (why === undefined) return false;
    this.#metrics.exemption(attributes);
    annotate(attributes.request, `${podSecurityPrefix}exempt`, why);
    return true;
  }

  #evaluate(
    attributes: AdmissionAttributes,
    policy: PodSecurityPolicy,
    errors: readonly FieldError[],
    { metadata, spec }: { readonly metadata: ObjectMeta; readonly spec: PodSpec },
    enforcing: boolean,
  ): void {
    const { request } = attributes;
    if (spec.runtimeClassName !== undefined && this.#configuration.runtimeClasses.has(spec.runtimeClassName)) {
      this.#metrics.exemption(attributes);
      annotate(request, `${podSecurityPrefix}exempt`, "runtimeClass");
      return;
    }
    if (errors.length > 0) {
      annotate(request, `${podSecurityPrefix}error`, `Failed to parse policy: ${aggregate(errors.map(describeFieldError))}`);
      this.#metrics.error(false, attributes);
    }
    const told = new Map<string, Violation[]>();
    const violations = (of: LevelVersion): Violation[] => {
      const key = describePolicy(of);
      let found = told.get(key);
      if (found === undefined) told.set(key, (found = podSecurityViolations(of, metadata, spec)));
      return found;
    };
    let refused: ApiError | undefined;
    if (enforcing) {
      const { enforce } = policy;
      annotate(request, `${podSecurityPrefix}enforce-policy`, describePolicy(enforce));
      const found = violations(enforce);
      this.#metrics.evaluation(found.length === 0 ? "allow" : "deny", enforce, "enforce", attributes);
      if (found.length > 0)
        refused = refusal(attributes, `violates PodSecurity ${JSON.stringify(describePolicy(enforce))}: ${describeViolations(found)}`);
    }
    const would = (mode: "audit" | "warn"): string | undefined => {
      const found = violations(policy[mode]);
      if (found.length === 0) return undefined;
      this.#metrics.evaluation("deny", policy[mode], mode, attributes);
      return `would violate PodSecurity ${JSON.stringify(describePolicy(policy[mode]))}: ${describeViolations(found)}`;
    };
    const audited = would("audit");
    if (audited !== undefined) annotate(request, `${podSecurityPrefix}audit-violations`, audited);
    if (refused !== undefined) throw refused;
    const warning = would("warn");
    if (warning !== undefined) request.warnings.push(warning);
  }
}

/** What may be changed of a pod and matters: images, and ephemeral containers that come. */
function significant(pod: Pod, old: Pod): boolean {
  const changed = (now: readonly { image?: string | undefined }[] = [], before: readonly { image?: string | undefined }[] = []): boolean =>
    now.length !== before.length || now.some((c, i) => (c.image ?? "") !== (before[i]?.image ?? ""));
  if (changed(pod.spec?.containers, old.spec?.containers) || changed(pod.spec?.initContainers, old.spec?.initContainers)) return true;
  return (pod.spec?.ephemeralContainers ?? []).some((container) => {
    const before = old.spec?.ephemeralContainers?.find((c) => c.name === container.name);
    return before === undefined || (before.image ?? "") !== (container.image ?? "");
  });
}

function sameTexts(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((text, i) => text === b[i]);
}

/** An exempt namespace whose labels ask for something that will not happen. */
function exemptNamespaceWarning(
  name: string,
  policy: PodSecurityPolicy,
  defaults: PodSecurityPolicy,
  labels: Readonly<Record<string, string>>,
): string | undefined {
  const modes: readonly PodSecurityMode[] = ["enforce", "audit", "warn"];
  if (modes.every((m) => policy[m].level === "privileged") || modes.every((m) => equivalent(policy[m], defaults[m]))) return undefined;
  const said = (mode: PodSecurityMode): boolean =>
    labels[podSecurityPrefix + mode] !== undefined || labels[`${podSecurityPrefix}${mode}-version`] !== undefined;
  const text = modes.filter((m) => policy[m].level !== "privileged" && said(m)).map((m) => `${m}=${describePolicy(policy[m])}`);
  return `namespace ${JSON.stringify(name)} is exempt from Pod Security, and the policy (${text.join(", ")}) will be ignored`;
}

class PodSecurityMetrics {
  readonly #evaluations: Counter;
  readonly #exemptions: Counter;
  readonly #errors: Counter;

  constructor(registry: MetricsRegistry) {
    const about = ["request_operation", "resource", "subresource"] as const;
    this.#evaluations = registry.counter(
      "pod_security_evaluations_total",
      "Number of policy evaluations that occurred, not counting ignored or exempt requests.",
      ["decision", "policy_level", "policy_version", "mode", ...about],
    );
    this.#exemptions = registry.counter(
      "pod_security_exemptions_total",
      "Number of exempt requests, not counting ignored or out of scope requests.",
      about,
    );
    this.#errors = registry.counter(
      "pod_security_errors_total",
      "Number of errors preventing normal evaluation. Non-fatal errors may result in the latest restricted profile being used for evaluation.",
      ["fatal", ...about],
    );
    // Upstream shows these from the start.
    for (const request_operation of ["create", "update"]) {
      const privileged = { decision: "allow", policy_level: "privileged", policy_version: "latest", mode: "enforce" };
      this.#evaluations.inc({ ...privileged, request_operation, resource: "pod", subresource: "" }, 0);
      for (const resource of ["pod", "controller"]) this.#exemptions.inc({ request_operation, resource, subresource: "" }, 0);
    }
  }

  evaluation(decision: "allow" | "deny", policy: LevelVersion, mode: PodSecurityMode, attributes: AdmissionAttributes): void {
    const { level, version } = policy;
    const told = level === "privileged" || version === "latest" ? "latest" : version > 36 ? "future" : describeVersion(version);
    this.#evaluations.inc({ decision, policy_level: level, policy_version: told, mode, ...aboutRequest(attributes) });
  }

  exemption(attributes: AdmissionAttributes): void {
    this.#exemptions.inc(aboutRequest(attributes));
  }

  error(fatal: boolean, attributes: AdmissionAttributes): void {
    this.#errors.inc({ fatal: String(fatal), ...aboutRequest(attributes) });
  }
}

function aboutRequest({ operation, definition, subresource }: AdmissionAttributes): Record<string, string> {
  const resource = definition.group !== "" ? "controller" : definition.resource === "pods" ? "pod" : "controller";
  return { request_operation: operation.toLowerCase(), resource, subresource };
}
