import { badRequest } from "../../core/api-error.ts";
import type { Attributes } from "../../auth/authorizer.ts";
import type { UserInfo } from "../../auth/user.ts";
import type { ApiRequest } from "../request.ts";
import { authenticatedGroup } from "./authentication.ts";
import { refusal } from "./authorization.ts";
import type { RequestState } from "./request-state.ts";

const extraPrefix = "impersonate-extra-";

/** `Impersonate-User` and its like: the request goes on as someone else, if its sender may be them. */
export function impersonate(state: RequestState): Promise<undefined> | undefined {
  const { headers } = state.request;
  if (headers["impersonate-user"] === undefined && headers["impersonate-group"] === undefined && headers["impersonate-uid"] === undefined) {
    return hasExtra(headers) ? impersonateAs(state) : undefined;
  }
  return impersonateAs(state);
}

function hasExtra(headers: ApiRequest["headers"]): boolean {
  for (const name in headers) if (name.startsWith(extraPrefix)) return true;
  return false;
}

interface Wish {
  readonly name: string;
  readonly groups: readonly string[];
  readonly uid: string | undefined;
  readonly extra: Readonly<Record<string, readonly string[]>>;
}

/** A header's values: each line, and what one line lists with commas as Node joins repeated headers. */
function values(value: string | string[] | undefined): string[] {
  if (value === undefined) return [];
  return (Array.isArray(value) ? value : value.split(", ")).filter((v) => v !== "");
}

function readWish(headers: ApiRequest["headers"]): Wish {
  const extra: Record<string, readonly string[]> = {};
  for (const name in headers) {
    if (!name.startsWith(extraPrefix)) continue;
    const key = decodeKey(name.slice(extraPrefix.length));
    Object.defineProperty(extra, key, { value: values(headers[name]), enumerable: true, configurable: true, writable: true });
  }
  return {
    name: values(headers["impersonate-user"])[0] ?? "",
    groups: values(headers["impersonate-group"]),
    uid: values(headers["impersonate-uid"])[0],
    extra,
  };
}

function decodeKey(key: string): string {
  try {
    return decodeURIComponent(key);
  } catch (error) {
    if (error instanceof URIError) return key;
    throw error;
  }
}

async function impersonateAs({ server, request }: RequestState): Promise<undefined> {
  const wish = readWish(request.headers);
  if (wish.name === "") {
    throw badRequest(
      `requested ${JSON.stringify({ groups: wish.groups, extra: wish.extra, uid: wish.uid ?? "" })} without impersonating a user name`,
    );
  }
  const { authorizer } = server.options;
  if (authorizer !== undefined) {
    for (const attributes of questions(request.user as UserInfo, wish)) {
      const verdict = await authorizer.authorize(attributes);
      if (verdict.decision !== "allow") throw refusal(attributes, verdict.reason);
    }
  }
  request.user = impersonated(wish);
  return undefined;
}

/** `system:serviceaccount:NS:NAME` */
export function serviceAccountOf(user: string): { namespace: string; name: string } | undefined {
  const parts = user.split(":");
  if (parts.length !== 4 || parts[0] !== "system" || parts[1] !== "serviceaccount") return undefined;
  return { namespace: parts[2] as string, name: parts[3] as string };
}

function questions(user: UserInfo, wish: Wish): Attributes[] {
  const ask = (group: string, resource: string, name: string, namespace = "", subresource = ""): Attributes => ({
    user,
    verb: "impersonate",
    resourceRequest: true,
    path: "",
    group,
    version: "v1",
    resource,
    subresource,
    namespace,
    name,
  });
  const account = serviceAccountOf(wish.name);
  const asked = [account === undefined ? ask("", "users", wish.name) : ask("", "serviceaccounts", account.name, account.namespace)];
  for (const group of wish.groups) asked.push(ask("", "groups", group));
  for (const [key, list] of Object.entries(wish.extra)) {
    for (const value of list) asked.push(ask("authentication.k8s.io", "userextras", value, "", key));
  }
  if (wish.uid !== undefined) asked.push(ask("authentication.k8s.io", "uids", wish.uid));
  return asked;
}

function impersonated(wish: Wish): UserInfo {
  const groups = new Set(wish.groups);
  const account = serviceAccountOf(wish.name);
  if (account !== undefined && wish.groups.length === 0) {
    groups.add("system:serviceaccounts").add(`system:serviceaccounts:${account.namespace}`);
  }
  if (wish.name === "system:anonymous") groups.add("system:unauthenticated");
  else if (!groups.has("system:unauthenticated")) groups.add(authenticatedGroup);
  return {
    name: wish.name,
    groups: [...groups],
    ...(wish.uid === undefined ? {} : { uid: wish.uid }),
    ...(Object.keys(wish.extra).length === 0 ? {} : { extra: wish.extra }),
  };
}
