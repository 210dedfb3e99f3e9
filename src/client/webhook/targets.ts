/** Targets by their client configuration, so that the same webhook keeps its connections from call to call. */
import { systemClock } from "../../core/clock.ts";
import { clientConfigTarget, type WebhookClientConfig, type WebhookTarget, type WebhookTargetOptions } from "./target.ts";

/** As many as upstream keeps. */
const size = 200;
/** A target that was pushed out may still be in a call: the longest takes thirty seconds. */
const linger = 60_000;

export class WebhookTargets {
  readonly #options: WebhookTargetOptions;
  /** In order of use, the latest at the end. */
  readonly #targets = new Map<string, Promise<WebhookTarget>>();
  readonly #keys = new WeakMap<WebhookClientConfig, string>();

  constructor(options: WebhookTargetOptions) {
    this.#options = options;
  }

  /** Throws an Error that says what is wrong with the configuration. */
  of(config: WebhookClientConfig): Promise<WebhookTarget> {
    let key = this.#keys.get(config);
    if (key === undefined) {
      key = JSON.stringify([config.url, config.service, config.caBundle]);
      this.#keys.set(config, key);
    }
    const known = this.#targets.get(key);
    const target = known ?? clientConfigTarget(config, this.#options);
    this.#targets.delete(key);
    this.#targets.set(key, target);
    // What failed (a credential's file) is tried again by the next call.
    if (known === undefined) target.catch(() => this.#targets.delete(key));
    if (this.#targets.size > size) this.#forgetOldest();
    return target;
  }

  close(): void {
    for (const target of this.#targets.values()) closeSoon(target);
    this.#targets.clear();
  }

  #forgetOldest(): void {
    const [oldest] = this.#targets.keys();
    if (oldest === undefined) return;
    const target = this.#targets.get(oldest);
    this.#targets.delete(oldest);
    (this.#options.clock ?? systemClock).setTimeout(() => closeSoon(target), linger);
  }
}

function closeSoon(target: Promise<WebhookTarget> | undefined): void {
  void target?.then(
    (open) => open.close(),
    () => undefined,
  );
}
