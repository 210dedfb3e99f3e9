/** From a configuration to what seals and opens the values of each resource. */
import type { Clock } from "../../core/clock.ts";
import type { Logger } from "../../core/log.ts";
import { aesCbc, aesGcm } from "./aes.ts";
import { EncryptionConfigurationError } from "./encryption-configuration.ts";
import type { EncryptionConfiguration, EncryptionKey, KmsConfiguration, ProviderConfiguration } from "./encryption-types.ts";
import type { EncryptionMetrics } from "./encryption-metrics.ts";
import { identity } from "./identity.ts";
import { EnvelopeTransformer } from "./kms/envelope-transformer.ts";
import { KmsProbe } from "./kms/kms-probe.ts";
import { KmsService } from "./kms/kms-service.ts";
import { secretbox } from "./secretbox.ts";
import { PrefixTransformer, type Prefixed, type Transformer } from "./transformer.ts";
import { decodeBase64, parseGroupResource } from "./validate-encryption.ts";

export interface TransformerContext {
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: EncryptionMetrics;
}

/** What one configuration made. */
export class ResourceTransformers {
  readonly #byResource: ReadonlyMap<string, PrefixTransformer>;
  readonly probes: readonly KmsProbe[];
  /** Milliseconds for which calls to its KMS providers may still be under way when it is replaced. */
  readonly grace: number;

  constructor(byResource: ReadonlyMap<string, PrefixTransformer>, probes: readonly KmsProbe[], grace: number) {
    this.#byResource = byResource;
    this.probes = probes;
    this.grace = grace;
  }

  /** Undefined: the resource is stored in the clear. */
  of(group: string, resource: string): PrefixTransformer | undefined {
    return this.#byResource.get(keyOf(group, resource)) ?? this.#byResource.get(keyOf(group, "*")) ?? this.#byResource.get(keyOf("*", "*"));
  }

  /** Asks the KMS providers for the first time; they are asked from then on. */
  async start(): Promise<void> {
    await Promise.all(this.probes.map((probe) => probe.start()));
  }

  /** What is wrong with KMS providers; undefined: nothing. */
  async check(): Promise<string | undefined> {
    return joined(await Promise.all(this.probes.map((probe) => probe.check())));
  }

  /** The same as it was found last. */
  lastFault(): string | undefined {
    return joined(this.probes.map((probe) => probe.lastFault()));
  }

  close(): void {
    for (const probe of this.probes) probe.close();
  }
}

function joined(faults: readonly (string | undefined)[]): string | undefined {
  const texts = faults.flatMap((fault, i) => (fault === undefined ? [] : [`kms-provider-${i}: ${fault}`]));
  return texts.length < 2 ? texts[0] : `[${texts.join(", ")}]`;
}

const keyOf = (group: string, resource: string): string => `${group}/${resource}`;
const shown = (group: string, resource: string): string => (group !== "" ? `${resource}.${group}` : resource === "*" ? "*." : resource);

/** Throws EncryptionConfigurationError for rules that are masked by earlier ones, and for KMS v1. */
export function buildTransformers(configuration: EncryptionConfiguration, context: TransformerContext): ResourceTransformers {
  const lists = new Map<string, Prefixed[]>();
  const probes: KmsProbe[] = [];
  let grace = 0;
  for (const { resources, providers } of configuration.resources) {
    const made = providers.map((provider) => prefixed(provider, context, probes));
    for (const { kms } of providers) grace += 2 * (kms?.timeout ?? 0);
    for (const text of resources) {
      const { group, resource } = parseGroupResource(text);
      for (const [maskGroup, mask] of [
        [group, "*"],
        ["*", "*"],
      ] as const) {
        if (!lists.has(keyOf(maskGroup, mask))) continue;
        for (const probe of probes) probe.close();
        const [masked, by] = [shown(group, resource), shown(maskGroup, mask)];
        throw failed(`resource ${JSON.stringify(masked)} is masked by earlier rule ${JSON.stringify(by)}`);
      }
      const key = keyOf(group, resource);
      lists.set(key, [...(lists.get(key) ?? []), ...made]);
    }
  }
  const transformers = [...lists].map(([key, list]) => [key, new PrefixTransformer("no matching prefix found", list)] as const);
  return new ResourceTransformers(new Map(transformers), probes, grace);
}

function failed(why: string): EncryptionConfigurationError {
  return new EncryptionConfigurationError(`error while building transformers: ${why}`);
}

function prefixed(provider: ProviderConfiguration, context: TransformerContext, probes: KmsProbe[]): Prefixed {
  const { aesgcm, aescbc, secretbox: box, kms } = provider;
  if (aesgcm !== undefined) return { prefix: "k8s:enc:aesgcm:v1:", transformer: byKey(aesgcm.keys, aesGcm, "AES") };
  if (aescbc !== undefined) return { prefix: "k8s:enc:aescbc:v1:", transformer: byKey(aescbc.keys, aesCbc, "AES") };
  if (box !== undefined) return { prefix: "k8s:enc:secretbox:v1:", transformer: byKey(box.keys, secretbox, "secretbox") };
  if (kms !== undefined) return { prefix: `k8s:enc:kms:v2:${kms.name}:`, transformer: envelope(kms, context, probes) };
  return { prefix: "", transformer: identity };
}

function byKey(keys: readonly EncryptionKey[], make: (key: Uint8Array) => Transformer, what: string): PrefixTransformer {
  return new PrefixTransformer(
    `no matching key was found for the provided ${what} transformer`,
    keys.map(({ name, secret }) => ({ prefix: `${name}:`, transformer: make(decodeBase64(secret) as Buffer) })),
  );
}

function envelope(kms: KmsConfiguration, context: TransformerContext, probes: KmsProbe[]): Transformer {
  if (kms.apiVersion === "v1") {
    throw failed(
      "KMSv1 is deprecated and will only receive security updates going forward. Use KMSv2 instead.  Set --feature-gates=KMSv1=true to use the deprecated KMSv1 feature.",
    );
  }
  const { name, endpoint, timeout } = kms;
  const service = new KmsService({ name, endpoint, timeout, clock: context.clock, metrics: context.metrics });
  const probe = new KmsProbe({ name, service, ...context });
  probes.push(probe);
  return new EnvelopeTransformer({ name, service, probe, clock: context.clock, metrics: context.metrics });
}
