/**
 * Acting as somebody else through the Impersonate-* headers. Constrained modes (KEP-5284) are tried first, each with a
 * right of its own and a right for what is done in the other's name; then the old `impersonate` verb, which allows all.
 */
import { badRequest } from "../core/api-error.ts";
import type { ApiError } from "../core/api-error.ts";
import type { Attributes, Authorizer } from "./authorizer.ts";
import { forbiddenError } from "./authorizers.ts";
import {
  anonymousUser,
  authenticatedGroup,
  mastersGroup,
  nodesGroup,
  serviceAccountGroups,
  splitNodeUser,
  splitServiceAccountUser,
  unauthenticatedGroup,
} from "./names.ts";
import type { UserInfo } from "./user.ts";

type Headers = Readonly<Record<string, string | string[] | undefined>>;

const extraPrefix = "impersonate-extra-";

/** Header values that Node has joined by commas are one value each upstream too: HTTP/2 keeps them apart as an array. */
function valuesOf(value: string | string[] | undefined): string[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? value : value.split(", ");
}

function first(value: string | string[] | undefined): string {
  return (Array.isArray(value) ? value[0] : value) ?? "";
}

/** True when any Impersonate header is there: the cheap test for every other request. */
export function wantsImpersonation(headers: Headers): boolean {
  if (headers["impersonate-user"] !== undefined || headers["impersonate-group"] !== undefined) return true;
  if (headers["impersonate-uid"] !== undefined) return true;
  for (const name in headers) if (name.startsWith(extraPrefix)) return true;
  return false;
}

function wanted(headers: Headers): UserInfo {
  const name = first(headers["impersonate-user"]);
  const uid = first(headers["impersonate-uid"]);
  const groups = valuesOf(headers["impersonate-group"]);
  const extra: Record<string, string[]> = {};
  for (const header of Object.keys(headers)) {
    if (!header.startsWith(extraPrefix)) continue;
    const key = decode(header.slice(extraPrefix.length));
    if (key !== "__proto__") extra[key] = valuesOf(headers[header]);
  }
  const user = { name, uid, groups, extra };
  if (name === "" && (uid !== "" || groups.length > 0 || Object.keys(extra).length > 0)) {
    throw badRequest(`requested ${describe(user)} without impersonating a user name`);
  }
  return user;
}

function decode(key: string): string {
  try {
    return decodeURIComponent(key);
  } catch (error) {
    if (error instanceof URIError) return key;
    throw error;
  }
}

/** As Go prints the struct. */
function describe(user: { name: string; uid: string; groups: string[]; extra: Record<string, string[]> }): string {
  const list = (values: string[]): string =>
    values.length === 0 ? "[]string(nil)" : `[]string{${values.map((v) => JSON.stringify(v)).join(", ")}}`;
  const keys = Object.keys(user.extra);
  const extra =
    keys.length === 0
      ? "map[string][]string(nil)"
      : `map[string][]string{${keys.map((k) => `${JSON.stringify(k)}:${list(user.extra[k] ?? [])}`).join(", ")}}`;
  return `&user.DefaultInfo{Name:${JSON.stringify(user.name)}, UID:${JSON.stringify(user.uid)}, Groups:${list(user.groups)}, Extra:${extra}}`;
}

/**
 * The user that the request is made as. `attributes` are the request's own, with its real user. Throws 400 for headers that
 * make no sense, 403 when the right is missing: the first mode's refusal, as upstream. `constrained` is told of the right that
 * allows it, where that is one of a constrained mode.
 */
export async function impersonate(
  headers: Headers,
  attributes: Attributes,
  authorizer: Authorizer,
  constrained?: (right: string) => void,
): Promise<UserInfo> {
  const who = wanted(headers);
  if (who.name === "") return attributes.user;
  let refused: ApiError | undefined;
  for (const mode of modes) {
    if (!mode.applies(who, attributes.user)) continue;
    const error = await check(mode, who, attributes, authorizer);
    if (error === undefined) {
      if (mode.name !== "") constrained?.(`impersonate:${mode.name}`);
      return complete(mode, who);
    }
    refused ??= error;
  }
  throw refused ?? forbiddenError(attributes, "all impersonation modes failed");
}

interface Mode {
  /** `""`: the old mode. */
  readonly name: string;
  applies(who: UserInfo, requestor: UserInfo): boolean;
}

const onlyName = (who: UserInfo): boolean => !who.uid && who.groups.length === 0 && Object.keys(who.extra ?? {}).length === 0;

const modes: readonly Mode[] = [
  {
    name: "associated-node",
    applies: (who, requestor) => {
      const node = splitNodeUser(who.name);
      const own = requestor.extra?.["authentication.kubernetes.io/node-name"];
      return (
        onlyName(who) && node !== undefined && splitServiceAccountUser(requestor.name) !== undefined && own?.length === 1 && own[0] === node
      );
    },
  },
  { name: "arbitrary-node", applies: (who) => onlyName(who) && splitNodeUser(who.name) !== undefined },
  { name: "serviceaccount", applies: (who) => onlyName(who) && splitServiceAccountUser(who.name) !== undefined },
  {
    name: "user-info",
    applies: (who) => splitNodeUser(who.name) === undefined && splitServiceAccountUser(who.name) === undefined,
  },
  { name: "", applies: () => true },
];

async function check(mode: Mode, who: UserInfo, attributes: Attributes, authorizer: Authorizer): Promise<ApiError | undefined> {
  const constrained = mode.name !== "";
  const requestor = mode.name === "associated-node" ? withoutExtras(attributes.user) : attributes.user;
  const asked: Attributes[] = [];
  if (constrained) asked.push({ ...attributes, user: requestor, verb: `impersonate-on:${mode.name}:${attributes.verb}` });
  const verb = constrained ? `impersonate:${mode.name}` : "impersonate";
  const ask = (group: string, resource: string, name: string, namespace = "", subresource = ""): void =>
    void asked.push({
      user: requestor,
      verb,
      resourceRequest: true,
      path: "",
      group,
      version: "v1",
      resource,
      subresource,
      namespace,
      name,
    });

  const authentication = "authentication.k8s.io";
  const plain = constrained ? authentication : "";
  const account = splitServiceAccountUser(who.name);
  const node = constrained ? splitNodeUser(who.name) : undefined;
  if (account !== undefined) ask(plain, "serviceaccounts", account.name, account.namespace);
  else if (node !== undefined) ask(plain, "nodes", mode.name === "associated-node" ? "*" : node);
  else ask(plain, "users", who.name);
  if (who.uid) ask(authentication, "uids", who.uid);
  for (const group of who.groups) ask(plain, "groups", group);
  for (const [key, values] of Object.entries(who.extra ?? {}))
    for (const value of values) ask(authentication, "userextras", value, "", key);

  for (const question of asked) {
    if (constrained && question.resource === "groups" && (question.name === "" || question.name === mastersGroup)) {
      const what = question.name === "" ? "empty string" : question.name;
      return forbiddenError(question, `impersonating the ${what} group is not allowed`);
    }
    const verdict = await authorizer.authorize(question);
    if (verdict.decision !== "allow") return forbiddenError(question, verdict.reason);
  }
  return undefined;
}

/** A node agent's account is the same on every node: its rights must not depend on which one it runs on. */
function withoutExtras(user: UserInfo): UserInfo {
  return { ...user, extra: { "authentication.kubernetes.io/associated-node-keys": Object.keys(user.extra ?? {}).sort() } };
}

function complete(mode: Mode, who: UserInfo): UserInfo {
  let groups = [...who.groups];
  const account = splitServiceAccountUser(who.name);
  if (mode.name !== "" && splitNodeUser(who.name) !== undefined) groups = [nodesGroup];
  else if (account !== undefined && groups.length === 0) groups = serviceAccountGroups(account.namespace);
  const added = who.name === anonymousUser ? unauthenticatedGroup : authenticatedGroup;
  const unauthenticated = who.name !== anonymousUser && groups.includes(unauthenticatedGroup);
  if (!unauthenticated && !groups.includes(added)) groups.push(added);
  return {
    name: who.name,
    groups,
    ...(who.uid ? { uid: who.uid } : {}),
    ...(Object.keys(who.extra ?? {}).length === 0 ? {} : { extra: who.extra }),
  };
}
