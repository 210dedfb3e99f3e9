/**
 * Writes by several managers, over HTTP: what an upstream server answered to them (`record.ts`) is what must be answered
 * here. In order within a group: later ones build on earlier ones. `NS` stands for the namespace.
 */
export interface Step {
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Answer {
  readonly status: number;
  readonly warning?: string;
  readonly body: unknown;
}

export interface Sequence {
  readonly title: string;
  readonly steps: readonly Step[];
  /** Made before, removed afterwards. */
  readonly definition?: object;
}

const types: Readonly<Record<string, string>> = {
  apply: "application/apply-patch+yaml",
  merge: "application/merge-patch+json",
  json: "application/json-patch+json",
  strategic: "application/strategic-merge-patch+json",
};

const agent = (who: string): Record<string, string> => ({ "user-agent": `${who}/v1 (linux/amd64)` });

/** A write in the shorthand of the lists below: `apply a?force=true /path`. */
export function step(line: string, path: string, body?: unknown): Step {
  const [verb = "", who = ""] = line.split(" ");
  const [manager = "", query = ""] = who.split("?");
  if (verb === "get" || verb === "delete") return { method: verb.toUpperCase(), path };
  const type = types[verb];
  if (type === undefined) {
    const url = query === "" ? path : `${path}?${query}`;
    return { method: verb === "create" ? "POST" : "PUT", path: url, body, headers: agent(manager) };
  }
  const options = [`fieldManager=${encodeURIComponent(manager)}`, ...(query === "" ? [] : [query])];
  return { method: "PATCH", path: `${path}?${options.join("&")}`, body, headers: { "content-type": type } };
}

const uuid = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{22}/g;
const changing = new Set(["resourceVersion", "creationTimestamp", "deletionTimestamp", "time", "lastTransitionTime"]);

/** An answer without what differs from run to run: times and versions. Members keep their order below `fieldsV1`. */
export function scrub(value: unknown, ordered = false): unknown {
  if (Array.isArray(value)) return value.map((item) => scrub(item, ordered));
  if (typeof value === "string") return value.replace(uuid, "UID").replace(/-[bcdfghjklmnpqrstvwxz2456789]{5}\b/g, "-XXXXX");
  if (typeof value !== "object" || value === null) return value;
  const members = Object.entries(value);
  if (!ordered) members.sort(([x], [y]) => (x < y ? -1 : 1));
  const scrubbed = ([key, v]: [string, unknown]): [string, unknown] => {
    if (ordered) return [key, scrub(v, true)];
    if (key === "managedFields" && Array.isArray(v)) return [key, (v as Managed[]).toSorted(byManager).map((entry) => scrub(entry))];
    if (key === "causes" && Array.isArray(v)) return [key, byField(v as Cause[]).map((cause) => scrub(cause))];
    return [key, changing.has(key) ? "*" : scrub(v, key === "fieldsV1")];
  };
  return Object.fromEntries(members.map(scrubbed));
}

interface Cause {
  readonly reason?: string;
  readonly field?: string;
}

/** Upstream tells conflicts in the order of a Go map of managers. */
function byField(causes: readonly Cause[]): readonly Cause[] {
  if (causes.some((cause) => cause.reason !== "FieldManagerConflict")) return causes;
  return causes.toSorted((a, b) => ((a.field ?? "") < (b.field ?? "") ? -1 : 1));
}

/** Their order depends on which second a write fell into. */
function byManager(a: Managed, b: Managed): number {
  const text = (m: Managed): string => [m.operation, m.manager, m.subresource, m.apiVersion].join(" ");
  return text(a) < text(b) ? -1 : 1;
}

interface Managed {
  readonly operation?: string;
  readonly manager?: string;
  readonly subresource?: string;
  readonly apiVersion?: string;
}
