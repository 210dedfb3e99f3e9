/** Auditing (audit.k8s.io/v1): who did what, when, and what came of it. */
export { Auditor, type AuditorOptions } from "./auditor.ts";
export { type AuditBackend, type AuditFailure, ignoringErrors, unionBackend } from "./backend.ts";
export { BatchBackend, type BatchOptions } from "./batch.ts";
export { LogBackend, type LogBackendOptions } from "./log-backend.ts";
export { AuditPolicyError, parseAuditPolicy } from "./policy.ts";
export type { AuditPolicy } from "./policy-types.ts";
export { RotatingFile, type RotatingFileOptions } from "./rotating-file.ts";
export { truncatingBackend, type TruncateOptions } from "./truncate.ts";
export { WebhookBackend } from "./webhook-backend.ts";
