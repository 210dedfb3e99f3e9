/** How long admission takes, in all and by plugin, under upstream's names. Labels are looked up once for each plugin and operation. */
import type { Clock } from "../../core/clock.ts";
import type { Histogram, MetricsRegistry, Observations } from "../../core/metrics.ts";
import type { AdmissionAttributes, AdmissionPlugin } from "../admission.ts";

type Step = "admit" | "validate";

const buckets = [0.005, 0.025, 0.1, 0.5, 1, 2.5];
const operations: readonly AdmissionAttributes["operation"][] = ["CREATE", "UPDATE", "DELETE", "CONNECT"];

export class AdmissionMetrics {
  readonly #clock: Clock;
  readonly #steps: Histogram;
  readonly #plugins: Histogram;
  readonly #stepSeries: Observations[] = [];
  readonly #pluginSeries = new Map<AdmissionPlugin, Observations[]>();

  constructor(registry: MetricsRegistry, clock: Clock) {
    this.#clock = clock;
    const what = "broken out for each operation and API resource and";
    this.#steps = registry.histogram(
      "apiserver_admission_step_admission_duration_seconds",
      `Admission sub-step latency histogram in seconds, ${what} step type (validate or admit).`,
      ["type", "operation", "rejected"],
      buckets,
    );
    this.#plugins = registry.histogram(
      "apiserver_admission_controller_admission_duration_seconds",
      `Admission controller latency histogram in seconds, identified by name and ${what} type (validate or admit).`,
      ["name", "type", "operation", "rejected"],
      buckets,
    );
  }

  /** One call of one plugin. */
  call(plugin: AdmissionPlugin, step: Step, attributes: AdmissionAttributes): Promise<void> | void {
    const began = this.#clock.monotonic();
    let done: Promise<void> | void;
    try {
      done = plugin[step]?.(attributes);
    } catch (error) {
      this.#called(plugin, step, attributes, true, began);
      throw error;
    }
    if (done === undefined) {
      this.#called(plugin, step, attributes, false, began);
      return undefined;
    }
    return done.then(
      () => this.#called(plugin, step, attributes, false, began),
      (error: unknown) => {
        this.#called(plugin, step, attributes, true, began);
        throw error;
      },
    );
  }

  /** All plugins of a step. */
  async step(step: Step, attributes: AdmissionAttributes, run: () => Promise<void>): Promise<void> {
    const began = this.#clock.monotonic();
    let rejected = true;
    try {
      await run();
      rejected = false;
    } finally {
      const index = indexOf(step, attributes, rejected);
      this.#stepSeries[index] ??= this.#steps.series(labelsOf(step, attributes, rejected));
      this.#stepSeries[index].observe((this.#clock.monotonic() - began) / 1000);
    }
  }

  #called(plugin: AdmissionPlugin, step: Step, attributes: AdmissionAttributes, rejected: boolean, began: number): void {
    let series = this.#pluginSeries.get(plugin);
    if (series === undefined) this.#pluginSeries.set(plugin, (series = []));
    const index = indexOf(step, attributes, rejected);
    const own = (series[index] ??= this.#plugins.series({ name: plugin.name, ...labelsOf(step, attributes, rejected) }));
    own.observe((this.#clock.monotonic() - began) / 1000);
  }
}

function indexOf(step: Step, { operation }: AdmissionAttributes, rejected: boolean): number {
  return operations.indexOf(operation) * 4 + (step === "admit" ? 2 : 0) + (rejected ? 1 : 0);
}

function labelsOf(type: Step, { operation }: AdmissionAttributes, rejected: boolean): Record<string, string> {
  return { type, operation, rejected: String(rejected) };
}
