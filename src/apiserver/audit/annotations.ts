/** What those who decide about a request want its audit event to say (`annotations` of audit.k8s.io/v1 Event). */
import type { ApiRequest } from "../request.ts";

/**
 * Adds an annotation to the audit event of `request`; the first value of a key stays. Costs one look and does nothing when no
 * event is kept of this request. Keys are qualified names: `authorization.k8s.io/decision`. `level` `Request`: only when the
 * event shows bodies, too.
 */
export function annotate(
  request: Pick<ApiRequest, "auditAnnotations"> & { readonly audit?: { readonly wantsRequest: boolean } | undefined },
  key: string,
  value: string,
  level: "Metadata" | "Request" = "Metadata",
): void {
  const { auditAnnotations } = request;
  if (auditAnnotations === undefined || auditAnnotations.has(key)) return;
  if (level === "Request" && request.audit?.wantsRequest !== true) return;
  auditAnnotations.set(key, value);
}
