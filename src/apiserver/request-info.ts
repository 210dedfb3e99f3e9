/** What a path and method mean, as `k8s.io/apiserver/pkg/endpoints/request` reads them. */
import { badRequest } from "../core/api-error.ts";
import type { RequestInfo } from "./request.ts";

const verbs: Readonly<Record<string, string>> = {
  POST: "create",
  GET: "get",
  HEAD: "get",
  PUT: "update",
  PATCH: "patch",
  DELETE: "delete",
};

/** Segments of a path without empty ends, percent-decoded. */
function segments(path: string): string[] {
  let start = 0;
  let end = path.length;
  while (start < end && path.charCodeAt(start) === 47) start++;
  while (end > start && path.charCodeAt(end - 1) === 47) end--;
  const parts: string[] = [];
  // Cheaper than String.split, and on the way of every request.
  for (let at = start; at < end; ) {
    const slash = path.indexOf("/", at);
    const stop = slash < 0 || slash > end ? end : slash;
    parts.push(path.slice(at, stop));
    at = stop + 1;
  }
  if (path.includes("%")) for (let i = 0; i < parts.length; i++) parts[i] = decode(parts[i] as string);
  return parts;
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch (error) {
    if (error instanceof URIError) return part;
    throw error;
  }
}

/** The path after its first `count` segments: empty, or with its leading slash, and its trailing one where it has one. */
function after(path: string, count: number): string {
  let at = 0;
  for (let i = 0; i < count; i++) {
    while (path.charCodeAt(at) === 47) at++;
    const next = path.indexOf("/", at);
    if (next < 0) return "";
    at = next;
  }
  return path.slice(at);
}

/** `watch=1`, `watch=true`, `watch=` ask for a watch; `watch=false` and `watch=0` do not, nor do other words. */
function asksForWatch(query: URLSearchParams): boolean {
  const value = query.get("watch");
  if (value === null) return false;
  return value !== "false" && value !== "0";
}

function namedByField(query: URLSearchParams): string {
  const selector = query.get("fieldSelector");
  if (selector === null) return "";
  for (const term of selector.split(",")) {
    const match = /^metadata\.name==?([^=!,/%]+)$/.exec(term);
    if (match !== null && match[1] !== "." && match[1] !== "..") return match[1] as string;
  }
  return "";
}

/**
 * Reads the request's path. `query` is called only where the verb depends on it. Throws a 400 for `/api/v1/watch` without
 * anything to watch.
 */
export function parseRequestInfo(method: string, path: string, query: () => URLSearchParams): RequestInfo {
  const parts = segments(path);
  const prefix = parts[0];
  const grouped = prefix === "apis";
  if ((prefix !== "api" && !grouped) || parts.length < (grouped ? 4 : 3)) return nonResource(method, path);

  const group = grouped ? (parts[1] as string) : "";
  let at = grouped ? 2 : 1;
  const version = parts[at++] as string;
  let verb = verbs[method] ?? "";
  const special = parts[at];
  if (special === "watch" || special === "proxy") {
    if (parts.length <= at + 1) throw badRequest(`unable to determine kind and namespace from url, ${path}`);
    verb = special;
    at++;
  }

  let namespace = "";
  if (parts[at] === "namespaces" && parts.length > at + 1) {
    namespace = parts[at + 1] as string;
    const below = parts[at + 2];
    if (below !== undefined && below !== "status" && below !== "finalize") at += 2;
  }
  const resource = parts[at] as string;
  let name = parts[at + 1] ?? "";
  const subresource = verb === "proxy" ? "" : (parts[at + 2] ?? "");
  const trailing = subresource === "" ? "" : after(path, at + 3);

  if (name === "" && verb === "get") {
    const q = query();
    verb = asksForWatch(q) ? "watch" : "list";
    name = namedByField(q);
  } else if (name === "" && verb === "delete") verb = "deletecollection";
  return { isResource: true, path, verb, group, version, namespace, resource, subresource, name, trailing };
}

function nonResource(method: string, path: string): RequestInfo {
  return {
    isResource: false,
    path,
    verb: method.toLowerCase(),
    group: "",
    version: "",
    namespace: "",
    resource: "",
    subresource: "",
    name: "",
    trailing: "",
  };
}

const longRunning = new Set(["attach", "exec", "proxy", "log", "portforward"]);

/** Requests that may last: no deadline, and they do not count as in flight. */
export function isLongRunning(info: RequestInfo): boolean {
  if (!info.isResource && info.path.startsWith("/debug/pprof/")) return true;
  return info.verb === "watch" || info.verb === "proxy" || (info.isResource && longRunning.has(info.subresource));
}
