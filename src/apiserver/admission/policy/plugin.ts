/** ValidatingAdmissionPolicy and MutatingAdmissionPolicy, as plugins of the chain, fed by the server's own objects. */
import type { Authorizer } from "../../../auth/authorizer.ts";
import { type Clock, sleep } from "../../../core/clock.ts";
import type { Logger } from "../../../core/log.ts";
import type { MetricsRegistry } from "../../../core/metrics.ts";
import {
  type MutatingAdmissionPolicy,
  mutatingadmissionpolicies,
  mutatingadmissionpolicybindings,
  type ValidatingAdmissionPolicy,
  validatingadmissionpolicies,
  validatingadmissionpolicybindings,
} from "../../../schema/types/admissionregistration-v1.ts";
import type { KubeObject } from "../../../schema/object.ts";
import type { ResourceRef } from "../../../schema/resource-ref.ts";
import type { AdmissionAttributes, AdmissionPlugin } from "../../admission.ts";
import { ServerObjectSource } from "../../object-source.ts";
import type { ApiServer } from "../../server-interface.ts";
import { authorizationAnswers } from "../authorization.ts";
import { ConditionMetrics } from "../condition-metrics.ts";
import { refusal } from "../refusal.ts";
import { isExempt } from "../rules.ts";
import type { NamespaceLookup } from "../selectors.ts";
import type { PolicyDeps } from "./deps.ts";
import { PolicyList } from "./list.ts";
import { PolicyMetrics } from "./metrics.ts";
import type { Binding, Policy, PolicyHook } from "./types.ts";

export interface PolicyAdmissionOptions {
  readonly server: Pick<ApiServer, "handle" | "definitions" | "objects">;
  readonly namespaces: NamespaceLookup;
  /** `group/resource` of what policies are never asked about: interception of reviews may break a cluster. */
  readonly excluded: ReadonlySet<string>;
  readonly authorizer?: Authorizer | undefined;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: MetricsRegistry;
}

export interface PolicyAdmission {
  readonly mutating: AdmissionPlugin;
  readonly validating: AdmissionPlugin;
  /** Resolves when the stored policies are known. Requests in between wait for that. */
  start(): Promise<void>;
  stop(): void;
}

const patience = 10_000;

/** What is loaded with the first policy: expressions need their engine. */
interface Engine<P extends Policy, E> {
  compile(policy: P): E;
  run(hooks: readonly PolicyHook<P, E>[], attributes: AdmissionAttributes, deps: PolicyDeps): Promise<void>;
}

/** The policies of one kind. */
class Policies<P extends Policy, E> {
  readonly #policies: ServerObjectSource<KubeObject>;
  readonly #bindings: ServerObjectSource<KubeObject>;
  readonly #options: PolicyAdmissionOptions;
  readonly #deps: PolicyDeps;
  readonly #load: () => Promise<Engine<P, E>>;
  #engine: Engine<P, E> | undefined;
  #list: PolicyList<P, E> | undefined;
  #synced: Promise<unknown> | undefined;
  #ready = false;
  #stale = true;

  constructor(
    refs: readonly [policies: ResourceRef<object>, bindings: ResourceRef<object>],
    options: PolicyAdmissionOptions,
    deps: PolicyDeps,
    load: () => Promise<Engine<P, E>>,
  ) {
    this.#options = options;
    this.#deps = deps;
    this.#load = load;
    [this.#policies, this.#bindings] = refs.map(
      (ref) => new ServerObjectSource(options.server, ref as ResourceRef<KubeObject>, options),
    ) as [ServerObjectSource<KubeObject>, ServerObjectSource<KubeObject>];
  }

  async start(): Promise<void> {
    const stale = (): void => void (this.#stale = true);
    for (const source of [this.#policies, this.#bindings]) source.addHandlers({ onAdd: stale, onUpdate: stale, onDelete: stale });
    this.#synced = Promise.all([this.#policies.start(), this.#bindings.start()]);
    await this.#synced;
    this.#ready = true;
  }

  stop(): void {
    this.#policies.stop();
    this.#bindings.stop();
  }

  /** Costs a look at two sizes as long as nobody has bound a policy. */
  handles(attributes: AdmissionAttributes): boolean {
    if (this.#synced === undefined) return false;
    if (this.#ready && (this.#policies.size === 0 || this.#bindings.size === 0)) return false;
    const { definition } = attributes;
    return !isExempt(attributes) && !this.#options.excluded.has(`${definition.group}/${definition.resource}`);
  }

  async call(attributes: AdmissionAttributes): Promise<void> {
    if (!this.#ready) await this.#wait(attributes);
    const engine = (this.#engine ??= await this.#load());
    const list = (this.#list ??= new PolicyList<P, E>((policy) => engine.compile(policy)));
    if (this.#stale) {
      this.#stale = false;
      list.update(this.#policies.list() as unknown as P[], this.#bindings.list() as Binding[]);
    }
    if (list.hooks.length > 0) await engine.run(list.hooks, attributes, this.#deps);
  }

  async #wait(attributes: AdmissionAttributes): Promise<void> {
    await Promise.race([this.#synced, sleep(this.#options.clock, patience, attributes.request.signal)]);
    if (!this.#ready) throw refusal(attributes, "not yet ready to handle request");
  }
}

export function policyAdmission(options: PolicyAdmissionOptions): PolicyAdmission {
  const { server, namespaces, clock, metrics } = options;
  const shared = {
    definitions: () => server.definitions,
    objects: (group: string, resource: string) => server.objects(group, resource),
    namespaces,
    authorize: authorizationAnswers(options.authorizer),
    conditionMetrics: new ConditionMetrics(metrics),
    clock,
  };
  const mutating = new Policies<MutatingAdmissionPolicy, unknown>(
    [mutatingadmissionpolicies, mutatingadmissionpolicybindings],
    options,
    { ...shared, metrics: new PolicyMetrics(metrics, "mutating") },
    async () => {
      const [{ Mutator }, { mutateByPolicies }] = await Promise.all([import("./mutator.ts"), import("./mutating.ts")]);
      return { compile: (policy) => new Mutator(policy), run: (hooks, ...rest) => mutateByPolicies(hooks as never, ...rest) };
    },
  );
  const validating = new Policies<ValidatingAdmissionPolicy, unknown>(
    [validatingadmissionpolicies, validatingadmissionpolicybindings],
    options,
    { ...shared, metrics: new PolicyMetrics(metrics, "validating") },
    async () => {
      const [{ Validator }, { validateByPolicies }] = await Promise.all([import("./validator.ts"), import("./validating.ts")]);
      return { compile: (policy) => new Validator(policy), run: (hooks, ...rest) => validateByPolicies(hooks as never, ...rest) };
    },
  );
  return {
    mutating: {
      name: "MutatingAdmissionPolicy",
      handles: (attributes) => attributes.operation !== "DELETE" && mutating.handles(attributes),
      admit: (attributes) => mutating.call(attributes),
    },
    validating: {
      name: "ValidatingAdmissionPolicy",
      handles: (attributes) => validating.handles(attributes),
      validate: (attributes) => validating.call(attributes),
    },
    start: async () => void (await Promise.all([mutating.start(), validating.start()])),
    stop: () => {
      mutating.stop();
      validating.stop();
    },
  };
}
