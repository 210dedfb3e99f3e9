/** The audit trail as kube-apiserver's flags want it. Loaded only where a policy and a backend are given. */
import {
  Auditor,
  type AuditBackend,
  AuditPolicyError,
  BatchBackend,
  ignoringErrors,
  LogBackend,
  parseAuditPolicy,
  RotatingFile,
  truncatingBackend,
  unionBackend,
  WebhookBackend,
} from "../apiserver/audit/index.ts";
import { kubeconfigTarget } from "../client/webhook/target.ts";
import type { Clock } from "../core/clock.ts";
import type { Logger } from "../core/log.ts";
import type { MetricsRegistry } from "../core/metrics.ts";
import type { ApiServerFlags } from "./api-server-flags/index.ts";
import { UsageError } from "./usage-error.ts";

interface AuditContext {
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: MetricsRegistry;
}

/**
 * @returns undefined where there is no policy, or nowhere to send events
 * @throws UsageError for files that cannot be read or used
 */
export async function auditorOf(flags: ApiServerFlags, context: AuditContext): Promise<Auditor | undefined> {
  const { clock, log, metrics } = context;
  const file = flags.file("audit-policy-file");
  if (file === undefined) {
    if (flags.given("audit-log-path")) log.warn("No audit policy file provided for AuditLog backend: no events are kept");
    if (flags.given("audit-webhook-config-file")) log.warn("No audit policy file provided for AuditWebhook backend: no events are kept");
    return undefined;
  }
  let auditor: Auditor;
  try {
    auditor = new Auditor({ policy: parseAuditPolicy(file.text, file.path, (message) => log.warn(message)), clock, log, metrics });
  } catch (error) {
    if (error instanceof AuditPolicyError) throw new UsageError(`--kube-apiserver-arg audit-policy-file: ${error.message}`);
    throw error;
  }
  const backends = [logBackend(flags, auditor, context), await webhookBackend(flags, auditor, context)].filter((b) => b !== undefined);
  if (backends.length === 0) return undefined;
  auditor.attach(unionBackend(backends));
  return auditor;
}

function logBackend(flags: ApiServerFlags, auditor: Auditor, { clock, log }: AuditContext): AuditBackend | undefined {
  const path = flags.string("audit-log-path");
  if (path === "") return undefined;
  const to =
    path === "-"
      ? 1
      : new RotatingFile({
          path,
          maxSize: flags.int("audit-log-maxsize"),
          maxAge: flags.int("audit-log-maxage"),
          maxBackups: flags.int("audit-log-maxbackup"),
          compress: flags.bool("audit-log-compress"),
          clock,
          warn: (message) => log.warn(message),
        });
  const format = flags.string("audit-log-format") as "json" | "legacy";
  const strict = flags.string("audit-log-mode") === "blocking-strict";
  return wrapped("log", new LogBackend({ format, to, strict }, auditor.failed), flags, auditor, clock);
}

async function webhookBackend(flags: ApiServerFlags, auditor: Auditor, { clock }: AuditContext): Promise<AuditBackend | undefined> {
  const file = flags.file("audit-webhook-config-file");
  if (file === undefined) return undefined;
  const target = kubeconfigTarget(file.path, { clock });
  try {
    await target;
  } catch (error) {
    throw new UsageError(`--kube-apiserver-arg audit-webhook-config-file: ${file.path}: ${(error as Error).message}`);
  }
  const backoff = flags.given("audit-webhook-initial-backoff") ? "audit-webhook-initial-backoff" : "audit-webhook-batch-initial-backoff";
  return wrapped("webhook", new WebhookBackend(target, flags.duration(backoff), clock, auditor.failed), flags, auditor, clock);
}

/** Batches inside, truncation outside, as upstream puts them. */
function wrapped(kind: "log" | "webhook", backend: AuditBackend, flags: ApiServerFlags, auditor: Auditor, clock: Clock): AuditBackend {
  const name = (rest: string): string => `audit-${kind}-${rest}`;
  const mode = flags.string(name("mode"));
  const throttle = flags.bool(name("batch-throttle-enable"))
    ? { qps: flags.float(name("batch-throttle-qps")), burst: flags.int(name("batch-throttle-burst")) }
    : undefined;
  const batch = {
    bufferSize: flags.int(name("batch-buffer-size")),
    maxBatchSize: flags.int(name("batch-max-size")),
    maxBatchWait: flags.duration(name("batch-max-wait")),
    throttle,
    parallel: kind === "webhook",
  };
  const paced =
    mode === "batch" ? new BatchBackend(backend, batch, clock, auditor.failed) : mode === "blocking" ? ignoringErrors(backend) : backend;
  if (!flags.bool(name("truncate-enabled"))) return paced;
  const sizes = { maxEventSize: flags.int(name("truncate-max-event-size")), maxBatchSize: flags.int(name("truncate-max-batch-size")) };
  return truncatingBackend(paced, sizes, auditor.failed);
}
