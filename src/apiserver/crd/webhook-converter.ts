/** Converts custom resources between their versions by asking the webhook that their definition names. */
import { callWebhook, goodBody } from "../../client/webhook/call.ts";
import type { WebhookTargets } from "../../client/webhook/targets.ts";
import { ApiError, isApiError } from "../../core/api-error.ts";
import type { Clock } from "../../core/clock.ts";
import type { Counter, Histogram, MetricsRegistry } from "../../core/metrics.ts";
import { decodeJson, encodeJson } from "../../schema/json.ts";
import { deepFreeze, mutable, type UnstructuredObject } from "../../schema/object.ts";
import type { CustomResourceConversion, CustomResourceDefinition } from "../../schema/types/apiextensions-v1.ts";
import { ConversionNeed, type ObjectConverter } from "../resource.ts";
import { askConversion, checkConverted, convertedObjects, type LabelChecks } from "./conversion-review.ts";
import type { CustomSchema } from "./custom-schema.ts";

/** What every conversion webhook of a server shares. */
export interface ConversionDeps {
  readonly targets: WebhookTargets;
  readonly checks: LabelChecks;
  readonly metrics: ConversionMetrics;
  readonly clock: Clock;
}

/** Upstream's clients of webhooks wait this long, and say so in the query. */
const patience = 30_000;
/** Conversions of the last few objects, for engines that cannot wait. */
const remembered = 64;

export class WebhookConverter implements ObjectConverter {
  readonly key: string;
  readonly #deps: ConversionDeps;
  readonly #webhook: NonNullable<CustomResourceConversion["webhook"]>;
  readonly #group: string;
  readonly #kind: string;
  readonly #schemaOf: (version: string) => CustomSchema;
  readonly #versions: ReadonlySet<string>;
  readonly #memory = new Map<string, UnstructuredObject>();

  constructor(crd: CustomResourceDefinition, schemaOf: (version: string) => CustomSchema, deps: ConversionDeps) {
    const { group, names, conversion, versions } = crd.spec;
    this.#webhook = conversion?.webhook as NonNullable<CustomResourceConversion["webhook"]>;
    this.#group = group;
    this.#kind = crd.status?.acceptedNames?.kind ?? names.kind;
    this.#schemaOf = schemaOf;
    this.#deps = deps;
    this.#versions = new Set(versions.map((v) => `${group}/${v.name}`));
    this.key = JSON.stringify([conversion, versions]);
  }

  async convert(objects: readonly UnstructuredObject[], apiVersion: string): Promise<UnstructuredObject[]> {
    const others = objects.filter((object) => object.apiVersion !== apiVersion);
    if (others.length === 0) return [...objects];
    for (const object of others) this.#checkVersion(object.apiVersion ?? "");
    const converted = (await this.#ask(others, apiVersion)).values();
    return objects.map((object) => (object.apiVersion === apiVersion ? object : (converted.next().value as UnstructuredObject)));
  }

  recall(object: UnstructuredObject, apiVersion: string): UnstructuredObject {
    if (object.apiVersion === apiVersion) return object;
    const known = this.#memory.get(`${apiVersion} ${encodeJson(object)}`);
    if (known === undefined) throw new ConversionNeed(this, object, apiVersion);
    return known;
  }

  complete(object: UnstructuredObject): void {
    if (this.#versions.has(object.apiVersion ?? "")) this.#schemaOf(this.#nameOf(object.apiVersion ?? "")).setDefaults(object);
  }

  #nameOf(apiVersion: string): string {
    return apiVersion.slice(this.#group.length + 1);
  }

  #checkVersion(apiVersion: string): void {
    if (!this.#versions.has(apiVersion)) throw failed(`request to convert CR from an invalid group/version: ${apiVersion}`);
  }

  async #ask(objects: readonly UnstructuredObject[], apiVersion: string): Promise<UnstructuredObject[]> {
    const { clock, metrics } = this.#deps;
    const started = clock.monotonic();
    const about = `conversion webhook for ${objects[0]?.apiVersion ?? ""}, Kind=${this.#kind}`;
    let failure: ConversionFailure | undefined = "conversion_webhook_call_failure";
    try {
      const { target, question } = await this.#question(objects, apiVersion);
      let answered: unknown[];
      try {
        const answer = await callWebhook(target, question.body, { timeout: patience, announceTimeout: true });
        const review = decodeJson(goodBody(answer), undefined, "Ignore").object;
        failure = "conversion_webhook_malformed_response_failure";
        answered = convertedObjects(review, question);
      } catch (error) {
        throw failed(`${about} failed: ${(error as Error).message}`);
      }
      failure = "conversion_webhook_partial_response_failure";
      // A webhook that cannot count is asked for each object by itself, as upstream asks.
      if (answered.length !== objects.length && objects.length > 1) return await this.#askEach(objects, apiVersion);
      if (answered.length !== objects.length) throw failed(`${about} returned ${answered.length} objects, expected ${objects.length}`);
      failure = "conversion_webhook_invalid_converted_object_failure";
      const converted = this.#checked(objects, answered, apiVersion, about);
      failure = undefined;
      return converted;
    } finally {
      metrics.converted((clock.monotonic() - started) / 1000, failure);
    }
  }

  async #askEach(objects: readonly UnstructuredObject[], apiVersion: string): Promise<UnstructuredObject[]> {
    const converted: UnstructuredObject[] = [];
    for (const object of objects) converted.push(...(await this.#ask([object], apiVersion)));
    return converted;
  }

  async #question(objects: readonly UnstructuredObject[], apiVersion: string) {
    try {
      const target = await this.#deps.targets.of(this.#webhook.clientConfig ?? {});
      return { target, question: askConversion(objects, apiVersion, this.#webhook.conversionReviewVersions) };
    } catch (error) {
      throw isApiError(error) ? error : failed((error as Error).message);
    }
  }

  #checked(objects: readonly UnstructuredObject[], answered: readonly unknown[], apiVersion: string, about: string): UnstructuredObject[] {
    const schema = this.#schemaOf(this.#nameOf(apiVersion));
    return objects.map((original, index) => {
      let converted: UnstructuredObject;
      try {
        converted = checkConverted(original, answered[index], apiVersion, this.#deps.checks);
      } catch (error) {
        throw failed(`${about} returned invalid ${(error as Error).message}`);
      }
      schema.prune(converted, "Ignore");
      this.#remember(original, apiVersion, converted);
      return converted;
    });
  }

  #remember(original: UnstructuredObject, apiVersion: string, converted: UnstructuredObject): void {
    this.#memory.set(`${apiVersion} ${encodeJson(original)}`, deepFreeze(mutable(converted)));
    if (this.#memory.size > remembered) this.#memory.delete(this.#memory.keys().next().value as string);
  }
}

/** Upstream makes no Status of what goes wrong in a conversion: a 500 without a reason. */
function failed(message: string): ApiError {
  return new ApiError(500, "", message);
}

type ConversionFailure =
  | "conversion_webhook_call_failure"
  | "conversion_webhook_malformed_response_failure"
  | "conversion_webhook_partial_response_failure"
  | "conversion_webhook_invalid_converted_object_failure";

/** What is measured of conversions, under upstream's names. */
export class ConversionMetrics {
  readonly #total: Counter;
  readonly #seconds: Histogram;

  constructor(metrics: MetricsRegistry) {
    this.#total = metrics.counter(
      "apiserver_conversion_webhook_request_total",
      "Counter for conversion webhook requests with success/failure and failure error type",
      ["result", "failure_type"],
    );
    this.#seconds = metrics.histogram(
      "apiserver_conversion_webhook_duration_seconds",
      "Conversion webhook request latency",
      ["result", "failure_type"],
      [0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 20, 25, 30, 45, 60],
    );
  }

  converted(seconds: number, failure: string | undefined): void {
    const labels = { result: failure === undefined ? "success" : "failure", failure_type: failure ?? "" };
    this.#total.inc(labels);
    this.#seconds.observe(seconds, labels);
  }
}
