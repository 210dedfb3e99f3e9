/**
 * Acting as somebody else through the Impersonate-* headers. Constrained modes (KEP-5284) are tried first, each with a
 * right of its own and a right for what is done in the other's name; then the old `impersonate` verb, which allows all.
 */
import { badRequest } from "../core/api-error.ts";
import type { ApiError } from "../core/api-error.ts";
import { type Clock, systemClock } from "../core/clock.ts";
import { goQuote } from "../core/go-quote.ts";
import { describeFieldError, FieldPath } from "../schema/field-error.ts";
import type { Attributes, Authorizer } from "./authorizer.ts";
import { aggregate, forbiddenError } from "./authorizers.ts";
import { domainPrefixedPath } from "./domain-prefixed-path.ts";
import type { ImpersonationMetrics } from "./impersonation-metrics.ts";
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

function wanted(headers: Headers, constrained: boolean): UserInfo {
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
    throw badRequest(
      constrained
        ? `requested ${describe(user)} without impersonating a user name`
        : `requested ${references(user)} without impersonating a user`,
    );
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

/** As Go prints the references that the old way makes of the headers. */
function references({ groups, extra, uid }: { uid: string; groups: string[]; extra: Record<string, string[]> }): string {
  const about = (kind: string, name: string, apiVersion = "", path = ""): string => `{${kind}  ${name}  ${apiVersion}  ${path}}`;
  const version = "authentication.k8s.io/v1";
  return `[${[
    ...groups.map((g) => about("Group", g)),
    ...Object.entries(extra).flatMap(([key, values]) => values.map((v) => about("UserExtra", v, version, key))),
    ...(uid === "" ? [] : [about("UID", uid, version)]),
  ].join(" ")}]`;
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

/** What is told of an impersonation beside its result. */
export interface ImpersonationNotes {
  /** The right that allows it, where that is one of a constrained mode. */
  constrained?(right: string): void;
}

export interface ImpersonatorOptions {
  /** False: only the old verb counts (feature gate ConstrainedImpersonation). Default true. */
  readonly constrained?: boolean | undefined;
  readonly clock?: Clock | undefined;
  readonly metrics?: ImpersonationMetrics | undefined;
}

/** Users whose last mode is remembered. */
const maxRemembered = 10_000;

/**
 * Lets users act as others. The mode that allowed a user's last request is tried first: whoever uses the old verb does not
 * pay for the new ones, and is refused in its words.
 */
export class Impersonator {
  readonly #options: ImpersonatorOptions;
  readonly #last = new Map<string, Mode>();

  constructor(options: ImpersonatorOptions = {}) {
    this.#options = options;
  }

  /**
   * The user that the request is made as. `attributes` are the request's own, with its real user. Throws 400 for headers that
   * make no sense, 403 when the right is missing: the refusal of the first mode that was tried.
   */
  async impersonate(headers: Headers, attributes: Attributes, authorizer: Authorizer, notes: ImpersonationNotes = {}): Promise<UserInfo> {
    const who = wanted(headers, this.#options.constrained !== false);
    if (who.name === "") return attributes.user;
    const { clock = systemClock, metrics } = this.#options;
    const started = clock.monotonic();
    const took = (): number => (clock.monotonic() - started) / 1000;
    let refused: ApiError | undefined;
    if (this.#options.constrained === false) {
      const error = await checkUnconstrained(who, attributes.user, authorizer);
      if (error !== undefined) throw error;
      return complete(unconstrained, who);
    }
    for (const mode of this.#order(attributes.user.name)) {
      if (!mode.applies(who, attributes.user)) continue;
      const error = await check(mode, who, attributes, metrics === undefined ? authorizer : counting(authorizer, mode, clock, metrics));
      if (error === undefined) {
        this.#remember(attributes.user.name, mode);
        if (mode.name !== "") notes.constrained?.(`impersonate:${mode.name}`);
        metrics?.attempted(mode.name === "" ? "legacy" : mode.name, "allowed", took());
        return complete(mode, who);
      }
      refused ??= error;
    }
    metrics?.attempted("", "denied", took());
    throw refused ?? forbiddenError(attributes, "all impersonation modes failed");
  }

  #order(user: string): readonly Mode[] {
    const last = this.#last.get(user);
    return last === undefined || last === modes[0] ? modes : [last, ...modes.filter((m) => m !== last)];
  }

  #remember(user: string, mode: Mode): void {
    if (this.#last.get(user) === mode) return;
    this.#last.delete(user);
    if (this.#last.size >= maxRemembered) this.#last.delete(this.#last.keys().next().value as string);
    this.#last.set(user, mode);
  }
}

/** Takes the Impersonate headers away: nobody behind may behave by them. */
export function forgetImpersonation(headers: Record<string, string | string[] | undefined>): void {
  for (const name in headers) {
    if (name === "impersonate-user" || name === "impersonate-group" || name === "impersonate-uid" || name.startsWith(extraPrefix)) {
      headers[name] = undefined;
    }
  }
}

function counting(inner: Authorizer, mode: Mode, clock: Clock, metrics: ImpersonationMetrics): Authorizer {
  return {
    authorize: async (attributes) => {
      const started = clock.monotonic();
      const verdict = await inner.authorize(attributes);
      const decision = verdict.decision === "allow" ? "allowed" : "denied";
      metrics.authorized(mode.name === "" ? "legacy" : mode.name, decision, (clock.monotonic() - started) / 1000);
      return verdict;
    },
  };
}

interface Mode {
  /** `""`: the old mode. */
  readonly name: string;
  applies(who: UserInfo, requestor: UserInfo): boolean;
}

const onlyName = (who: UserInfo): boolean => !who.uid && who.groups.length === 0 && Object.keys(who.extra ?? {}).length === 0;

const unconstrained: Mode = { name: "", applies: () => true };

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
  unconstrained,
];

/** As many values are asked about at once before each of them. */
const many = 4;

/** The 403 of the first right that is missing; undefined when none is. */
async function check(mode: Mode, who: UserInfo, attributes: Attributes, authorizer: Authorizer): Promise<ApiError | undefined> {
  const constrained = mode.name !== "";
  const user = mode.name === "associated-node" ? withoutExtras(attributes.user) : attributes.user;
  const verb = constrained ? `impersonate:${mode.name}` : "impersonate";
  const about = (group: string, resource: string, name: string, namespace = "", subresource = ""): Attributes => ({
    user,
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
  const plain = constrained ? authentication : "";
  const extra = Object.entries(who.extra ?? {});
  const first: Attributes[] = [
    ...(constrained ? [{ ...attributes, user, verb: `impersonate-on:${mode.name}:${attributes.verb}` }] : []),
    subjectOf(mode, who, plain, about),
    ...(who.uid ? [about(authentication, "uids", who.uid)] : []),
  ];
  const missing = await firstMissing(first, authorizer);
  if (missing !== undefined) return missing;
  if (constrained) {
    const strange = strangeGroup(who.groups, about(plain, "groups", ""));
    if (strange !== undefined) return strange;
  }
  const allGroups = about(plain, "groups", "*");
  if (!(constrained && who.groups.length >= many && (await firstMissing([allGroups], authorizer)) === undefined)) {
    const missingGroup = await firstMissing(
      who.groups.map((g) => about(plain, "groups", g)),
      authorizer,
    );
    if (missingGroup !== undefined) return missingGroup;
  }
  if (extra.length === 0) return undefined;
  const fault = constrained ? extraFault(extra) : undefined;
  if (fault !== undefined) return forbiddenError(about(authentication, "userextras", ""), fault);
  const large = extra.length >= many || extra.reduce((n, [, values]) => n + values.length, 0) >= many;
  const allExtras = about(authentication, "userextras", "*", "", "*");
  if (constrained && large && (await firstMissing([allExtras], authorizer)) === undefined) return undefined;
  const each = extra.flatMap(([key, values]) => values.map((value) => about(authentication, "userextras", value, "", key)));
  return firstMissing(each, authorizer);
}

/** The check of servers without the constrained modes: asked in another order, refused with the bare reason. */
async function checkUnconstrained(who: UserInfo, user: UserInfo, authorizer: Authorizer): Promise<ApiError | undefined> {
  const base = { user, verb: "impersonate", resourceRequest: true, path: "", group: "", version: "", subresource: "", namespace: "" };
  const beside = { ...base, group: authentication, version: "v1" };
  const asked: Attributes[] = [
    subjectOf(unconstrained, who, "", (group, resource, name, namespace = "") => ({ ...base, group, resource, name, namespace })),
    ...who.groups.map((name) => ({ ...base, resource: "groups", name })),
    ...Object.entries(who.extra ?? {}).flatMap(([subresource, values]) =>
      values.map((name) => ({ ...beside, resource: "userextras", subresource, name })),
    ),
    ...(who.uid ? [{ ...beside, resource: "uids", name: who.uid }] : []),
  ];
  for (const question of asked) {
    const { decision, reason } = await authorizer.authorize(question);
    if (decision !== "allow") return forbiddenError(question, reason);
  }
  return undefined;
}

const authentication = "authentication.k8s.io";

function subjectOf(
  mode: Mode,
  who: UserInfo,
  group: string,
  about: (group: string, resource: string, name: string, namespace?: string) => Attributes,
): Attributes {
  const account = splitServiceAccountUser(who.name);
  const node = mode.name === "" ? undefined : splitNodeUser(who.name);
  if (account !== undefined) return about(group, "serviceaccounts", account.name, account.namespace);
  if (node !== undefined) return about(group, "nodes", mode.name === "associated-node" ? "*" : node);
  return about(group, "users", who.name);
}

async function firstMissing(asked: readonly Attributes[], authorizer: Authorizer): Promise<ApiError | undefined> {
  for (const question of asked) {
    const { decision, reason, error } = await authorizer.authorize(question);
    if (decision === "allow") continue;
    const why = error === undefined ? reason : reason === "" ? error.message : `${error.message}: ${reason}`;
    return forbiddenError(question, why);
  }
  return undefined;
}

/** Groups that no constrained mode gives. */
function strangeGroup(groups: readonly string[], about: Attributes): ApiError | undefined {
  if (groups.includes("")) return forbiddenError(about, "impersonating the empty string group is not allowed");
  if (!groups.includes(mastersGroup)) return undefined;
  return forbiddenError({ ...about, name: mastersGroup }, "impersonating the system:masters group is not allowed");
}

/** What no constrained mode gives beside. */
function extraFault(extra: readonly (readonly [string, readonly string[]])[]): string | undefined {
  for (const [key, values] of extra) {
    if (key === "") return "impersonating the empty string key in extra is not allowed";
    const faults = domainPrefixedPath(key, new FieldPath("extra.key")).map(describeFieldError);
    if (faults.length > 0) return `impersonating an invalid key in extra is not allowed: ${aggregate(faults)}`;
    if (key !== key.toLowerCase()) return `impersonating a non-lowercase key in extra is not allowed: ${goQuote(key)}`;
    if (values.length === 0) return "impersonating empty values in extra is not allowed";
    if (values.includes("")) return "impersonating the empty string value in extra is not allowed";
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
