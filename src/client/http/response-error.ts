/** A failed answer as the ApiError it means. Texts for answers without a Status are client-go's. */
import { ApiError, type StatusDetails, type StatusReason } from "../../core/api-error.ts";

const generic: Record<number, [StatusReason, string]> = {
  400: ["BadRequest", "the server rejected our request for an unknown reason"],
  401: ["Unauthorized", "the server has asked for the client to provide credentials"],
  404: ["NotFound", "the server could not find the requested resource"],
  405: ["MethodNotAllowed", "the server does not allow this method on the requested resource"],
  409: ["Conflict", "the server reported a conflict"],
  422: ["Invalid", "the server rejected our request due to an error in our request"],
  429: ["TooManyRequests", "the server has received too many requests and has asked us to try again later"],
  503: ["ServiceUnavailable", "the server is currently unable to handle the request"],
  504: ["Timeout", "the server was unable to return a response in the time allotted, but may still be processing the request"],
};
const own: Record<number, StatusReason> = { 403: "Forbidden", 406: "NotAcceptable", 415: "UnsupportedMediaType" };

export function responseError(status: number, method: string, body: string, retryAfterSeconds: number | undefined): ApiError {
  const parsed = parseStatus(body);
  if (parsed !== undefined) return ApiError.fromStatus({ code: status, ...parsed });
  const said = body.slice(0, 2048).trim() || "unknown";
  const details: StatusDetails = {
    causes: [{ reason: "UnexpectedServerResponse", message: said }],
    ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
  };
  const known = generic[status];
  if (known !== undefined) {
    const reason = status === 409 && method === "POST" ? "AlreadyExists" : known[0];
    return new ApiError(status, reason, known[1], details);
  }
  if (own[status] !== undefined) return new ApiError(status, own[status], said, details);
  if (status >= 500) {
    const message = `an error on the server (${JSON.stringify(said)}) has prevented the request from succeeding`;
    return new ApiError(status, "InternalError", message, details);
  }
  return new ApiError(status, "", `the server responded with the status code ${status} but did not return more information`, details);
}

function parseStatus(body: string): { reason?: string; message?: string; details?: StatusDetails } | undefined {
  if (!body.startsWith("{")) return undefined;
  try {
    const value = JSON.parse(body) as { kind?: string };
    return value.kind === "Status" ? (value as object) : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
