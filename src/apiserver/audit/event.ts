/**
 * One audit event (audit.k8s.io/v1 Event), and its two forms. The JSON is put together from parts: what is known of the
 * request once, and the bytes of objects as they were sent or answered.
 */
import { formatMicroTime } from "../../core/clock.ts";
import type { UserInfo } from "../../auth/user.ts";
import type { AuditLevel, AuditStage } from "./policy-types.ts";

/** JSON as it is: text, or the pieces of an answer. */
export type JsonParts = string | readonly Uint8Array[];

export interface ObjectReference {
  resource: string;
  namespace: string;
  name: string;
  uid: string;
  apiGroup: string;
  apiVersion: string;
  resourceVersion: string;
  subresource: string;
}

/** metav1.Status, of which an event tells these fields alone. */
export interface ResponseStatus {
  readonly status?: string | undefined;
  readonly message?: string | undefined;
  readonly reason?: string | undefined;
  readonly details?: unknown;
  readonly code: number;
}

export interface AuditEvent {
  readonly level: AuditLevel;
  readonly auditId: string;
  readonly stage: AuditStage;
  readonly requestUri: string;
  readonly verb: string;
  /** Absent: could not be authenticated. */
  readonly user: UserInfo | undefined;
  readonly impersonated: UserInfo | undefined;
  /** `impersonate:user-info` and its like (KEP-5284). */
  readonly impersonationConstraint: string | undefined;
  readonly sourceIps: readonly string[];
  readonly userAgent: string;
  readonly objectRef: Readonly<ObjectReference> | undefined;
  readonly responseStatus: ResponseStatus | undefined;
  readonly requestObject: JsonParts | undefined;
  readonly responseObject: JsonParts | undefined;
  /** Milliseconds since the epoch. */
  readonly requestReceived: number;
  readonly stageAt: number;
  readonly annotations: ReadonlyMap<string, string> | undefined;
}

const quote = JSON.stringify as (value: string) => string;

const users = new WeakMap<UserInfo, string>();

function userJson(user: UserInfo | undefined): string {
  if (user === undefined) return "{}";
  let json = users.get(user);
  if (json === undefined) {
    const { name, uid, groups, extra } = user;
    json = JSON.stringify({
      ...(name === "" ? {} : { username: name }),
      ...(uid === undefined || uid === "" ? {} : { uid }),
      ...(groups.length === 0 ? {} : { groups }),
      ...(extra === undefined || Object.keys(extra).length === 0 ? {} : { extra: sorted(extra) }),
    });
    users.set(user, json);
  }
  return json;
}

/** As {@link sorted} would have it, without an object in between. */
function annotationsJson(annotations: ReadonlyMap<string, string>): string {
  let json = "";
  for (const key of [...annotations.keys()].sort()) {
    json += `${json === "" ? "{" : ","}${quote(key)}:${quote(annotations.get(key) as string)}`;
  }
  return `${json}}`;
}

let lastIps: readonly string[] | undefined;
let lastIpsJson = "";

/** Requests of one peer share one array. */
function ipsJson(ips: readonly string[]): string {
  if (ips !== lastIps) {
    lastIpsJson = JSON.stringify(ips);
    lastIps = ips;
  }
  return lastIpsJson;
}

function sorted<T>(map: Readonly<Record<string, T>>): Record<string, T> {
  return Object.fromEntries(Object.entries(map).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Fields in the order of Go's struct, empty ones left out. */
function referenceJson(ref: Readonly<ObjectReference>): string {
  let json = "";
  if (ref.resource !== "") json += `,"resource":${quote(ref.resource)}`;
  if (ref.namespace !== "") json += `,"namespace":${quote(ref.namespace)}`;
  if (ref.name !== "") json += `,"name":${quote(ref.name)}`;
  if (ref.uid !== "") json += `,"uid":${quote(ref.uid)}`;
  if (ref.apiGroup !== "") json += `,"apiGroup":${quote(ref.apiGroup)}`;
  if (ref.apiVersion !== "") json += `,"apiVersion":${quote(ref.apiVersion)}`;
  if (ref.resourceVersion !== "") json += `,"resourceVersion":${quote(ref.resourceVersion)}`;
  if (ref.subresource !== "") json += `,"subresource":${quote(ref.subresource)}`;
  return `{${json.slice(1)}}`;
}

function statusJson({ status, message, reason, details, code }: ResponseStatus): string {
  if (status === undefined && message === undefined) return `{"metadata":{},"code":${code}}`;
  return JSON.stringify({ metadata: {}, status, message, reason, details, code: code === 0 ? undefined : code });
}

/** The event as one JSON text without a line's end, in parts to be written one after the other. */
export function encodeEvent(event: AuditEvent): (string | Uint8Array)[] {
  let json = `{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"${event.level}","auditID":${quote(event.auditId)},"stage":"${event.stage}","requestURI":${quote(event.requestUri)},"verb":${quote(event.verb)},"user":${userJson(event.user)}`;
  if (event.impersonated !== undefined) json += `,"impersonatedUser":${userJson(event.impersonated)}`;
  if (event.impersonationConstraint !== undefined)
    json += `,"authenticationMetadata":{"impersonationConstraint":${quote(event.impersonationConstraint)}}`;
  if (event.sourceIps.length > 0) json += `,"sourceIPs":${ipsJson(event.sourceIps)}`;
  if (event.userAgent !== "") json += `,"userAgent":${quote(event.userAgent)}`;
  if (event.objectRef !== undefined) json += `,"objectRef":${referenceJson(event.objectRef)}`;
  if (event.responseStatus !== undefined) json += `,"responseStatus":${statusJson(event.responseStatus)}`;
  const parts: (string | Uint8Array)[] = [];
  const add = (key: string, value: JsonParts | undefined): void => {
    if (value === undefined) return;
    json += `,"${key}":`;
    if (typeof value === "string") json += value;
    else {
      parts.push(json, ...value);
      json = "";
    }
  };
  add("requestObject", event.requestObject);
  add("responseObject", event.responseObject);
  json += `,"requestReceivedTimestamp":"${formatMicroTime(event.requestReceived)}","stageTimestamp":"${formatMicroTime(event.stageAt)}"`;
  if (event.annotations !== undefined && event.annotations.size > 0) json += `,"annotations":${annotationsJson(event.annotations)}`;
  parts.push(`${json}}`);
  return parts;
}

/** Bytes of an encoded event. */
export function sizeOfParts(parts: readonly (string | Uint8Array)[]): number {
  return parts.reduce((size, part) => size + (typeof part === "string" ? Buffer.byteLength(part) : part.length), 0);
}

const list = (values: readonly string[]): string => values.map(quote).join(",");

/** The line of the `legacy` format, without its end. */
export function legacyLine(event: AuditEvent): string {
  const { user, impersonated, responseStatus } = event;
  const name = user === undefined || user.name === "" ? "<none>" : user.name;
  const groups = user === undefined || user.name === "" || user.groups.length === 0 ? "<none>" : list(user.groups);
  const as = impersonated?.name ?? "<self>";
  const asGroups = impersonated === undefined ? "<lookup>" : list(impersonated.groups);
  const namespace = event.objectRef?.namespace || "<none>";
  const response = responseStatus === undefined ? "<deferred>" : String(responseStatus.code);
  const ip = event.sourceIps[0] ?? "<unknown>";
  // Go quotes what it prints with %q, and lists twice over.
  return `${formatMicroTime(event.requestReceived).replace(/\.?0+Z$/, "Z")} AUDIT: id=${quote(event.auditId)} stage=${quote(event.stage)} ip=${quote(ip)} method=${quote(event.verb)} user=${quote(name)} groups=${quote(groups)} as=${quote(as)} asgroups=${quote(asGroups)} user-agent=${quote(event.userAgent)} namespace=${quote(namespace)} uri=${quote(event.requestUri)} response="${response}"`;
}
