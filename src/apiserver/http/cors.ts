/** Headers that browsers look at. Source: `k8s.io/apiserver/pkg/server/filters` cors and hsts. */
import type { ApiResponse } from "../request.ts";

export interface AnswerHeaders {
  /** Whether scripts of an origin are let in. Absent: browsers let none in. */
  readonly cors?: ((origin: string) => boolean) | undefined;
  /** The value of Strict-Transport-Security on every answer. */
  readonly strictTransportSecurity?: string | undefined;
}

const allowMethods = "POST, GET, OPTIONS, PUT, DELETE, PATCH";
const allowHeaders = "Content-Type, Content-Length, Accept-Encoding, X-CSRF-Token, Authorization, X-Requested-With, If-Modified-Since";

/** What an allowed origin is told; undefined: nothing, the request is none of a script that is let in. */
export function corsHeaders(origin: string | string[] | undefined, options: AnswerHeaders): string[] | undefined {
  if (options.cors === undefined || typeof origin !== "string" || origin === "" || !options.cors(origin)) return undefined;
  return [
    "access-control-allow-origin",
    origin,
    "access-control-allow-methods",
    allowMethods,
    "access-control-allow-headers",
    allowHeaders,
    "access-control-expose-headers",
    "Date",
    "access-control-allow-credentials",
    "true",
  ];
}

/** What a preflight of an allowed origin is answered. */
export function preflight(): ApiResponse {
  return { status: 204, headers: {} };
}
