import { randomUUID } from "node:crypto";
import type { ApiRequest } from "../request.ts";

/** Random for the process, counted within it: unique, and cheaper than a random number a request. */
const prefix = randomUUID().slice(0, 24);
let count = 0;

/** The request's id in `Audit-Id` and in its event: the caller's when it sent one, else a new one. */
export function auditIdOf(request: ApiRequest): string {
  if (request.auditId !== undefined) return request.auditId;
  const given = request.headers["audit-id"];
  return (request.auditId = typeof given === "string" && given !== "" ? given : prefix + (count++).toString(16).padStart(12, "0"));
}
