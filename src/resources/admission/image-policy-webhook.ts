/** ImagePolicyWebhook: a backend (imagepolicy.k8s.io/v1alpha1) says which images may run. */
import type { AdmissionAttributes, AdmissionPlugin } from "../../apiserver/admission.ts";
import { annotate } from "../../apiserver/audit/annotations.ts";
import { callWebhook, goodBody, type WebhookAnswer } from "../../client/webhook/call.ts";
import { kubeconfigTarget, type WebhookTarget } from "../../client/webhook/target.ts";
import { hasReason } from "../../core/api-error.ts";
import { sleep } from "../../core/clock.ts";
import { goJsonObjectError } from "../../kinds/go-json-error.ts";
import type { Container, EphemeralContainer, Pod } from "../../schema/types/core-v1.ts";
import type { ResourceDeps } from "../deps.ts";
import type { ImagePolicyConfiguration } from "./configuration/image-policy-configuration.ts";
import { isAbout, refusal } from "./forbidden.ts";

const auditPrefix = "imagepolicywebhook.image-policy.k8s.io/";
/** Reviews that are remembered. */
const cacheSize = 1024;
/** Attempts in all, each after one and a half times the wait before. */
const attempts = 5;
const timeout = 30_000;
const reviewKind = "ImageReview";
const reviewVersion = "imagepolicy.k8s.io/v1alpha1";

interface ReviewSpec {
  readonly containers?: readonly { readonly image?: string | undefined }[];
  readonly annotations?: Readonly<Record<string, string>>;
  readonly namespace?: string;
}

interface ReviewStatus {
  readonly allowed?: boolean;
  readonly reason?: string;
  readonly auditAnnotations?: Readonly<Record<string, string>>;
}

export function imagePolicyWebhook(deps: ResourceDeps, configuration: ImagePolicyConfiguration): AdmissionPlugin {
  const backend = new Backend(deps, configuration);
  return {
    name: "ImagePolicyWebhook",
    handles: (a) =>
      (a.operation === "CREATE" || a.operation === "UPDATE") && (isAbout(a, "", "pods") || isAbout(a, "", "pods", "ephemeralcontainers")),
    validate: async (attributes) => {
      const pod = attributes.object as unknown as Pod;
      const status = await backend.review(specOf(attributes, pod), attributes.request.signal).catch((error: unknown) => {
        if (!(error instanceof Error)) throw error;
        if (!configuration.defaultAllow) throw hasReason(error, "Forbidden") ? error : refusal(attributes, error.message);
        annotate(attributes.request, `${auditPrefix}failed-open`, "true");
        return undefined;
      });
      if (status === undefined) return;
      for (const [key, value] of Object.entries(status.auditAnnotations ?? {})) annotate(attributes.request, auditPrefix + key, value);
      if (status.allowed === true) return;
      const why = status.reason
        ? `image policy webhook backend denied one or more images: ${status.reason}`
        : "one or more images rejected by webhook backend";
      throw refusal(attributes, why);
    },
  };
}

function specOf(attributes: AdmissionAttributes, pod: Pod): ReviewSpec {
  const containers: readonly (Container | EphemeralContainer)[] =
    attributes.subresource === ""
      ? [...((pod.spec?.containers as Container[] | undefined) ?? []), ...(pod.spec?.initContainers ?? [])]
      : (pod.spec?.ephemeralContainers ?? []);
  const annotations = Object.entries(pod.metadata?.annotations ?? {})
    .filter(([key]) => key.includes(".image-policy.k8s.io/"))
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    ...(containers.length === 0 ? {} : { containers: containers.map(({ image }) => (image ? { image } : {})) }),
    ...(annotations.length === 0 ? {} : { annotations: Object.fromEntries(annotations) }),
    ...(attributes.namespace === "" ? {} : { namespace: attributes.namespace }),
  };
}

function decoded(body: string): { readonly status?: ReviewStatus } {
  const fault = goJsonObjectError(body);
  if (fault !== undefined) throw new Error(`couldn't get version/kind; json parse error: ${fault}`);
  const answer = (JSON.parse(body) ?? {}) as { kind?: string; apiVersion?: string; status?: ReviewStatus };
  const { kind = reviewKind, apiVersion = reviewVersion } = answer;
  if (kind === reviewKind && apiVersion === reviewVersion) return answer;
  const what = `no kind ${JSON.stringify(kind)} is registered for version ${JSON.stringify(apiVersion)}`;
  throw new Error(`${what} in scheme "pkg/runtime/scheme.go:111"`);
}

class Backend {
  readonly #deps: ResourceDeps;
  readonly #configuration: ImagePolicyConfiguration;
  #target: Promise<WebhookTarget> | undefined;
  /** In order of their last use. */
  readonly #remembered = new Map<string, { readonly status: ReviewStatus; readonly until: number }>();

  constructor(deps: ResourceDeps, configuration: ImagePolicyConfiguration) {
    this.#deps = deps;
    this.#configuration = configuration;
  }

  /** Rejects with what kept the backend from answering. */
  async review(spec: ReviewSpec, signal: AbortSignal): Promise<ReviewStatus> {
    const key = JSON.stringify(spec);
    const known = this.#remembered.get(key);
    this.#remembered.delete(key);
    if (known !== undefined && known.until > this.#deps.clock.now()) {
      this.#remembered.set(key, known);
      return known.status;
    }
    const body = goodBody(await this.#ask(spec, signal));
    const { status = {} } = decoded(body);
    const ttl = status.allowed === true ? this.#configuration.allowTtl : this.#configuration.denyTtl;
    if (ttl > 0) this.#remembered.set(key, { status, until: this.#deps.clock.now() + ttl });
    if (this.#remembered.size > cacheSize) for (const oldest of this.#remembered.keys()) if (this.#remembered.delete(oldest)) break;
    return status;
  }

  async #ask(spec: ReviewSpec, signal: AbortSignal): Promise<WebhookAnswer> {
    const { clock } = this.#deps;
    this.#target ??= kubeconfigTarget(this.#configuration.kubeConfigFile, { clock });
    const target = await this.#target;
    const review = { kind: reviewKind, apiVersion: reviewVersion, metadata: {}, spec, status: { allowed: false } };
    let wait = this.#configuration.retryBackoff;
    for (let attempt = 1; ; attempt++) {
      const answer = await callWebhook(target, review, { timeout, announceTimeout: true, signal });
      if (attempt === attempts || ![429, 500, 504].includes(answer.status)) return answer;
      await sleep(clock, wait * (1 + Math.random() * 0.2), signal);
      wait *= 1.5;
    }
  }
}
