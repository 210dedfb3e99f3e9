import { type ApiError, internalError } from "../../core/api-error.ts";
import type { Attributes, Verdict } from "../../auth/authorizer.ts";
import { forbiddenError } from "../../auth/authorizers.ts";
import type { UserInfo } from "../../auth/user.ts";
import { annotate } from "../audit/annotations.ts";
import type { ApiRequest, ApiResponse } from "../request.ts";
import type { ServerState } from "../server-state.ts";
import type { RequestState } from "./request-state.ts";

const decisionKey = "authorization.k8s.io/decision";
const reasonKey = "authorization.k8s.io/reason";

/** May they? Throws 403 in upstream's words; answers 500 when who should say so could not. */
export function authorize({
  server,
  request,
  attributes: known,
}: RequestState): Promise<ApiResponse | undefined> | ApiResponse | undefined {
  const { authorizer, clock } = server.options;
  if (authorizer === undefined) return;
  const attributes = known !== undefined && known.user === request.user ? known : attributesOf(request);
  const started = clock.monotonic();
  const verdict = authorizer.authorize(attributes);
  if (verdict instanceof Promise) return verdict.then((v) => settle(server, request, attributes, v, started));
  return settle(server, request, attributes, verdict, started);
}

function settle(
  server: ServerState,
  request: ApiRequest,
  attributes: Attributes,
  { decision, reason, error }: Verdict,
  started: number,
): ApiResponse | undefined {
  const seconds = (server.options.clock.monotonic() - started) / 1000;
  if (decision === "allow") {
    server.access.authorized("allowed", seconds);
    annotate(request, decisionKey, "allow");
    annotate(request, reasonKey, reason);
    return undefined;
  }
  if (error !== undefined) {
    server.access.authorized("error", seconds);
    annotate(request, reasonKey, "internal error");
    return internalErrorPage(request, error);
  }
  server.access.authorized(decision === "deny" ? "denied" : "no-opinion", seconds);
  annotate(request, decisionKey, "forbid");
  annotate(request, reasonKey, reason);
  throw refusal(attributes, reason);
}

/** As upstream's handlers answer what no Status is made of: a line of text. */
export function internalErrorPage(request: ApiRequest, error: Error): ApiResponse {
  const query = request.search ?? request.query.toString();
  const search = query === "" ? "" : `?${query}`;
  const text = `Internal Server Error: ${JSON.stringify(`${request.path}${search}`)}: ${error.message}`;
  const safe = text.replace(/[&<>]/g, (c) => escapes[c] as string);
  return {
    status: 500,
    headers: { "content-type": "text/plain; charset=utf-8", "x-content-type-options": "nosniff" },
    bytes: Buffer.from(`${safe}\n`),
  };
}

const escapes: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;" };

export function attributesOf(request: ApiRequest): Attributes {
  const { info } = request;
  const selects = info.verb === "list" || info.verb === "watch" || info.verb === "deletecollection";
  return {
    user: request.user as UserInfo,
    verb: info.verb,
    resourceRequest: info.isResource,
    path: info.path,
    group: info.group,
    version: info.version,
    resource: info.resource,
    subresource: info.subresource,
    namespace: info.namespace,
    name: info.name,
    fieldSelector: selects ? (request.query.get("fieldSelector") ?? undefined) : undefined,
    labelSelector: selects ? (request.query.get("labelSelector") ?? undefined) : undefined,
  };
}

/** The 403 of a request that is not allowed. */
export function refusal(attributes: Attributes, reason: string): ApiError {
  return forbiddenError(attributes, reason);
}

/** Throws the 403 unless the same request may be made under another verb: an update that creates. */
export async function authorizeAs(server: ServerState, request: ApiRequest, verb: string): Promise<void> {
  const { authorizer } = server.options;
  if (authorizer === undefined) return;
  const attributes = { ...attributesOf(request), verb };
  const { decision, reason, error } = await authorizer.authorize(attributes);
  if (decision === "allow") return;
  if (error !== undefined) throw internalError(error.message);
  throw refusal(attributes, reason);
}
