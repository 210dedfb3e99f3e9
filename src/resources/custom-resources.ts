/** Custom resources, served from the definitions that are stored; their metadata follows the same rules as that of built-in kinds. */
import type { LabelChecks } from "../apiserver/crd/conversion-review.ts";
import { CrdManager } from "../apiserver/crd/crd-manager.ts";
import type { MetadataRules } from "../apiserver/crd/strategy.ts";
import { ConversionMetrics } from "../apiserver/crd/webhook-converter.ts";
import type { ApiServer } from "../apiserver/server-interface.ts";
import type { ResolveService } from "../client/webhook/target.ts";
import { WebhookTargets } from "../client/webhook/targets.ts";
import type { FieldError } from "../schema/field-error.ts";
import type { Clock } from "../core/clock.ts";
import type { Logger } from "../core/log.ts";
import { MetricsRegistry } from "../core/metrics.ts";
import { nameIsDnsSubdomain } from "../kinds/formats.ts";
import {
  validateAnnotations,
  validateEmbeddedMeta,
  validateGenericObjectMeta,
  validateGenericObjectMetaUpdate,
  validateLabels,
} from "../kinds/object-meta.ts";
import { qualifiedName } from "../core/names.ts";

const standardFinalizers = new Set(["orphan", "foregroundDeletion", "kubernetes"]);

const metadataRules: MetadataRules = {
  validate: (metadata, namespaced) => validateGenericObjectMeta(metadata, namespaced, nameIsDnsSubdomain),
  validateUpdate: (metadata, old) => validateGenericObjectMetaUpdate(metadata, old),
  validateEmbedded: validateEmbeddedMeta,
  validateName: nameIsDnsSubdomain,
  finalizerWarnings,
};

/** Upstream lets custom resources have any finalizer, and says which ones may clash. */
function finalizerWarnings(finalizer: string): string[] {
  const about = `metadata.finalizers: ${JSON.stringify(finalizer)}`;
  const warnings = qualifiedName(finalizer).map((message) => `${about}: ${message}`);
  if (finalizer.includes("/") || standardFinalizers.has(finalizer)) return warnings;
  const path = finalizer.includes(".") ? " including a path (/)" : "";
  return [
    ...warnings,
    `${about}: prefer a domain-qualified finalizer name${path} to avoid accidental conflicts with other finalizer writers`,
  ];
}

const noServices = (): Promise<never> => Promise.reject(new Error("services cannot be found here"));

function collected(check: (errors: FieldError[]) => void): FieldError[] {
  const errors: FieldError[] = [];
  check(errors);
  return errors;
}

const labelChecks: LabelChecks = {
  labels: (values, path) => collected((errors) => validateLabels(values, path, errors)),
  annotations: (values, path) => collected((errors) => validateAnnotations(values, path, errors)),
};

export interface CustomResourceOptions {
  readonly clock: Clock;
  readonly log: Logger;
  /** Where conversion webhooks that are services are found. Absent: they cannot be called. */
  readonly resolveService?: ResolveService | undefined;
  readonly metrics?: MetricsRegistry | undefined;
}

/** Resolves when every established definition is served. After the built-in resources have been installed. */
export async function startCustomResources(server: ApiServer, options: CustomResourceOptions): Promise<CrdManager> {
  const { resolveService, clock } = options;
  const conversions = {
    targets: new WebhookTargets({ resolveService: resolveService ?? noServices, clock }),
    checks: labelChecks,
    metrics: new ConversionMetrics(options.metrics ?? new MetricsRegistry()),
    clock,
  };
  const manager = new CrdManager(server, { ...options, metadata: metadataRules, conversions });
  await manager.start();
  return manager;
}
