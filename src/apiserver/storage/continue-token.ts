/** The `continue` token of lists, as upstream encodes it: base64url of `{"v":"meta.k8s.io/v1","rv":N,"start":KEY}`. */
import { ApiError, badRequest, isApiError } from "../../core/api-error.ts";
import { parseJson } from "../../schema/codec.ts";

export interface Continuation {
  /** -1: what is there now, without regard to the first page. */
  readonly revision: number;
  /** The key to go on from, relative to the listed prefix. */
  readonly start: string;
}

export function encodeContinue(at: Continuation): string {
  return Buffer.from(JSON.stringify({ v: "meta.k8s.io/v1", rv: at.revision, start: `/${at.start}` })).toString("base64url");
}

const invalid = (why: string): ApiError => badRequest(`invalid continue token: continue key is not valid: ${why}`);

function checkBase64(token: string): string {
  const at = token.search(/[^A-Za-z0-9_-]/);
  if (at >= 0) throw badRequest(`illegal base64 data at input byte ${at}`);
  // One character of four says nothing: Go tells where its group begins.
  if (token.length % 4 === 1) throw badRequest(`illegal base64 data at input byte ${token.length - 1}`);
  return token;
}

/** Throws upstream's 400 for a token that is none. */
export function decodeContinue(token: string): Continuation {
  let parsed: unknown;
  try {
    parsed = parseJson(Buffer.from(checkBase64(token), "base64url"));
  } catch (error) {
    throw isApiError(error) ? invalid(error.message) : error;
  }
  const { v, rv, start } = (parsed ?? {}) as { v?: unknown; rv?: unknown; start?: unknown };
  if (v !== "meta.k8s.io/v1")
    throw badRequest(
      `invalid continue token: continue key is not valid: server does not recognize this encoded version ${String(v ?? "")}`,
    );
  if (typeof rv !== "number" || rv === 0) throw invalid("incorrect encoded start resourceVersion (version meta.k8s.io/v1)");
  if (typeof start !== "string" || start === "") throw invalid("encoded start key empty (version meta.k8s.io/v1)");
  const relative = start.startsWith("/") ? start.slice(1) : start;
  if (relative.split("/").some((part) => part === "" || part === "." || part === "..")) throw invalid(start);
  return { revision: rv, start: relative };
}

/** 410 for a token whose revision is gone: it brings one with which the rest can be had inconsistently. */
export function continueExpired(start: string): ApiError {
  const error = new ApiError(
    410,
    "Expired",
    "The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.",
  );
  return Object.assign(error, { listContinue: encodeContinue({ revision: -1, start }) });
}
