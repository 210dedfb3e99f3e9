import { type ApiError, forbidden } from "../../core/api-error.ts";
import type { Attributes, Verdict } from "../../auth/authorizer.ts";
import type { UserInfo } from "../../auth/user.ts";
import type { ApiRequest } from "../request.ts";
import type { ServerState } from "../server-state.ts";
import type { RequestState } from "./request-state.ts";

/** May they? Throws 403 in upstream's words. */
export function authorize({ server, request }: RequestState): Promise<undefined> | undefined {
  const { authorizer } = server.options;
  if (authorizer === undefined) return;
  const attributes = attributesOf(request);
  const verdict = authorizer.authorize(attributes);
  if (verdict instanceof Promise) return verdict.then((v) => check(v, attributes));
  return check(verdict, attributes);
}

function check(verdict: Verdict, attributes: Attributes): undefined {
  if (verdict.decision !== "allow") throw refusal(attributes, verdict.reason);
  return undefined;
}

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

const escapes: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;" };

/** The 403 of a request that is not allowed. */
export function refusal(attributes: Attributes, reason: string): ApiError {
  const message = describe(attributes).replace(/[&<>]/g, (c) => escapes[c] as string);
  const { group, resource, name } = attributes;
  return forbidden({ group, resource }, name, reason === "" ? message : `${message}: ${reason}`);
}

function describe(a: Attributes): string {
  const quote = JSON.stringify;
  if (!a.resourceRequest) return `User ${quote(a.user.name)} cannot ${a.verb} path ${quote(a.path)}`;
  const resource = a.subresource === "" ? a.resource : `${a.resource}/${a.subresource}`;
  const what = `User ${quote(a.user.name)} cannot ${a.verb} resource ${quote(resource)} in API group ${quote(a.group)}`;
  return a.namespace === "" ? `${what} at the cluster scope` : `${what} in the namespace ${quote(a.namespace)}`;
}

/** Throws the 403 unless the same request may be made under another verb: an update that creates. */
export async function authorizeAs(server: ServerState, request: ApiRequest, verb: string): Promise<void> {
  const { authorizer } = server.options;
  if (authorizer === undefined) return;
  const attributes = { ...attributesOf(request), verb };
  check(await authorizer.authorize(attributes), attributes);
}
