/**
 * The one error model: what metav1.Status says, as an Error. Recognised structurally (`isApiError`), so that it also
 * crosses realms and bundles. Constructors below give the codes, reasons and messages of upstream's
 * `k8s.io/apimachinery/pkg/api/errors`.
 */
export interface StatusCause {
  reason?: string | undefined;
  message?: string | undefined;
  field?: string | undefined;
}

export interface StatusDetails {
  name?: string | undefined;
  group?: string | undefined;
  kind?: string | undefined;
  uid?: string | undefined;
  causes?: StatusCause[] | undefined;
  retryAfterSeconds?: number | undefined;
}

/** metav1.Status with status Failure. */
export interface FailureStatus {
  kind: "Status";
  apiVersion: "v1";
  metadata: Record<string, unknown>;
  status: "Failure";
  message: string;
  reason?: string | undefined;
  details?: StatusDetails | undefined;
  code: number;
}

export type StatusReason =
  | "Unauthorized"
  | "Forbidden"
  | "NotFound"
  | "AlreadyExists"
  | "Conflict"
  | "Gone"
  | "Invalid"
  | "ServerTimeout"
  | "StoreReadError"
  | "Timeout"
  | "TooManyRequests"
  | "BadRequest"
  | "MethodNotAllowed"
  | "NotAcceptable"
  | "RequestEntityTooLarge"
  | "UnsupportedMediaType"
  | "InternalError"
  | "Expired"
  | "ServiceUnavailable"
  | "";

export class ApiError extends Error {
  readonly code: number;
  readonly reason: StatusReason;
  readonly details: StatusDetails | undefined;

  constructor(code: number, reason: StatusReason, message: string, details?: StatusDetails) {
    super(message);
    this.name = "ApiError";
    this.code = code;
    this.reason = reason;
    this.details = details;
  }

  /** The Status object that goes over the wire. Absent parts are left out, as Go's omitempty does. */
  toStatus(): FailureStatus {
    const status: FailureStatus = {
      kind: "Status",
      apiVersion: "v1",
      metadata: {},
      status: "Failure",
      message: this.message,
      code: this.code,
    };
    return {
      kind: status.kind,
      apiVersion: status.apiVersion,
      metadata: status.metadata,
      status: status.status,
      message: status.message,
      ...(this.reason === "" ? {} : { reason: this.reason }),
      ...(this.details === undefined ? {} : { details: this.details }),
      code: status.code,
    };
  }

  static fromStatus(status: {
    code?: number | undefined;
    reason?: string | undefined;
    message?: string | undefined;
    details?: StatusDetails | undefined;
  }): ApiError {
    return new ApiError(status.code ?? 500, (status.reason ?? "") as StatusReason, status.message ?? "unknown error", status.details);
  }
}

export function isApiError(error: unknown): error is ApiError {
  return error instanceof Error && "code" in error && "reason" in error && typeof (error as ApiError).toStatus === "function";
}

/** True when `error` is an ApiError with this reason. */
export function hasReason(error: unknown, ...reasons: StatusReason[]): boolean {
  return isApiError(error) && reasons.includes(error.reason);
}

/** What an error is about: `kind` is the resource's plural in most messages, as upstream does. */
export interface About {
  group: string;
  resource: string;
}

/** `pods`, `deployments.apps`. */
export function qualified(about: About): string {
  return about.group === "" ? about.resource : `${about.resource}.${about.group}`;
}

function details(about: About, name: string): StatusDetails {
  return {
    ...(name === "" ? {} : { name }),
    ...(about.group === "" ? {} : { group: about.group }),
    ...(about.resource === "" ? {} : { kind: about.resource }),
  };
}

export function notFound(about: About, name: string): ApiError {
  return new ApiError(404, "NotFound", `${qualified(about)} "${name}" not found`, details(about, name));
}

export function alreadyExists(about: About, name: string): ApiError {
  return new ApiError(409, "AlreadyExists", `${qualified(about)} "${name}" already exists`, details(about, name));
}

export function conflict(about: About, name: string, why: string): ApiError {
  return new ApiError(409, "Conflict", `Operation cannot be fulfilled on ${qualified(about)} "${name}": ${why}`, details(about, name));
}

export function forbidden(about: About, name: string, why: string): ApiError {
  let message: string;
  if (qualified(about) === "") message = `forbidden: ${why}`;
  else if (name === "") message = `${qualified(about)} is forbidden: ${why}`;
  else message = `${qualified(about)} "${name}" is forbidden: ${why}`;
  return new ApiError(403, "Forbidden", message, details(about, name));
}

export function unauthorized(why = "Unauthorized"): ApiError {
  return new ApiError(401, "Unauthorized", why);
}

export function badRequest(why: string): ApiError {
  return new ApiError(400, "BadRequest", why);
}

export function methodNotSupported(about: About, action: string): ApiError {
  return new ApiError(405, "MethodNotAllowed", `${action} is not supported on resources of kind "${qualified(about)}"`, details(about, ""));
}

/** The resource version is too old to serve: clients list anew. */
export function expired(message: string): ApiError {
  return new ApiError(410, "Expired", message);
}

export function gone(message: string): ApiError {
  return new ApiError(410, "Gone", message);
}

export function tooManyRequests(message: string, retryAfterSeconds: number): ApiError {
  return new ApiError(429, "TooManyRequests", message, { retryAfterSeconds });
}

export function internalError(why: string): ApiError {
  return new ApiError(500, "InternalError", `Internal error occurred: ${why}`, { causes: [{ message: why }] });
}

export function serviceUnavailable(why: string): ApiError {
  return new ApiError(503, "ServiceUnavailable", why);
}

export function timeout(message: string, retryAfterSeconds: number): ApiError {
  return new ApiError(504, "Timeout", `Timeout: ${message}`, { retryAfterSeconds });
}
