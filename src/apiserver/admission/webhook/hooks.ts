/** The webhooks of all configurations, in upstream's order, with what is made of them once. */
import { type LabelSelectorMatcher, labelSelectorMatcher } from "../../../schema/label-selector.ts";
import type {
  MutatingWebhook,
  MutatingWebhookConfiguration,
  ValidatingWebhook,
  ValidatingWebhookConfiguration,
} from "../../../schema/types/admissionregistration-v1.ts";
import { MatchConditions } from "../conditions.ts";

type Configuration = MutatingWebhookConfiguration | ValidatingWebhookConfiguration;

/** One webhook of a configuration. */
export class Hook {
  readonly spec: ValidatingWebhook & Partial<Pick<MutatingWebhook, "reinvocationPolicy">>;
  readonly configuration: string;
  /** Tells webhooks apart that have one name. */
  readonly uid: string;
  #namespaceSelector: LabelSelectorMatcher | undefined;
  #objectSelector: LabelSelectorMatcher | undefined;
  #conditions: MatchConditions | undefined;

  constructor(spec: Hook["spec"], configuration: string, uid: string) {
    this.spec = spec;
    this.configuration = configuration;
    this.uid = uid;
  }

  /** Throws an Error for a selector that is none. */
  get namespaceSelector(): LabelSelectorMatcher {
    return (this.#namespaceSelector ??= labelSelectorMatcher(this.spec.namespaceSelector));
  }

  get objectSelector(): LabelSelectorMatcher {
    return (this.#objectSelector ??= labelSelectorMatcher(this.spec.objectSelector));
  }

  /** Undefined when there are none. */
  get conditions(): MatchConditions | undefined {
    const { matchConditions = [], failurePolicy } = this.spec;
    if (matchConditions.length === 0) return undefined;
    return (this.#conditions ??= new MatchConditions(matchConditions, failurePolicy));
  }

  get ignoresFailures(): boolean {
    return this.spec.failurePolicy === "Ignore";
  }

  get timeout(): number {
    return (this.spec.timeoutSeconds ?? 10) * 1000;
  }
}

/** Webhooks by configuration's name; those of one configuration in its order. */
export class HookList {
  readonly #made = new WeakMap<Configuration, readonly Hook[]>();
  #hooks: readonly Hook[] = [];

  get hooks(): readonly Hook[] {
    return this.#hooks;
  }

  /** What has not changed keeps what was made of it. */
  update(configurations: readonly Configuration[]): void {
    const sorted = configurations.toSorted((a, b) => ((a.metadata?.name ?? "") < (b.metadata?.name ?? "") ? -1 : 1));
    this.#hooks = sorted.flatMap((configuration) => this.#hooksOf(configuration));
  }

  #hooksOf(configuration: Configuration): readonly Hook[] {
    const known = this.#made.get(configuration);
    if (known !== undefined) return known;
    const name = configuration.metadata?.name ?? "";
    const counts = new Map<string, number>();
    const hooks = (configuration.webhooks ?? []).map((spec) => {
      const count = counts.get(spec.name) ?? 0;
      counts.set(spec.name, count + 1);
      return new Hook(spec, name, `${name}/${spec.name}/${count}`);
    });
    this.#made.set(configuration, hooks);
    return hooks;
  }
}
