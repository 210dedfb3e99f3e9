/** Requests whose answers were recorded from the upstream server (`record.ts`) and must be the same here. In order: later ones build on earlier ones. */
export interface RecordedRequest {
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

type Row = readonly [method: string, path: string, body?: unknown, headers?: Readonly<Record<string, string>>];

export const namespace = "answers";
const base = `/api/v1/namespaces/${namespace}`;
const secrets = `${base}/secrets`;
const a = `${secrets}/a`;
const mergePatch = { "content-type": "application/merge-patch+json" };
const strategicPatch = { "content-type": "application/strategic-merge-patch+json" };
const jsonPatch = { "content-type": "application/json-patch+json" };
const table = { accept: "application/json;as=Table;v=v1;g=meta.k8s.io,application/json" };
const metadata = { accept: "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io" };
const metadataList = { accept: "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io" };
const token = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");

const creates: readonly Row[] = [
  ["POST", secrets, { metadata: { name: "a" }, data: { x: "MQ==" } }],
  ["POST", secrets, { metadata: { name: "a" }, data: { x: "MQ==" } }],
  ["POST", secrets, { metadata: { generateName: "g-" } }],
  ["POST", secrets, { metadata: {} }],
  ["POST", secrets, { kind: "ConfigMap", apiVersion: "v1", metadata: { name: "b" } }],
  ["POST", secrets, { kind: "Foo", apiVersion: "v1", metadata: { name: "b" } }],
  ["POST", secrets, { kind: "Secret", apiVersion: "v2", metadata: { name: "b" } }],
  ["POST", secrets, { kind: "Secret", apiVersion: "apps/v1", metadata: { name: "b" } }],
  ["POST", secrets, "{not json"],
  ["POST", secrets, ""],
  ["POST", secrets, { metadata: { name: "b", namespace: "other" } }],
  ["POST", secrets, { metadata: { name: "B_x" } }],
  ["POST", secrets, { metadata: { name: "rv", resourceVersion: "5" } }],
  ["POST", `${secrets}?dryRun=All`, { metadata: { name: "dry" } }],
  ["GET", `${secrets}/dry`],
  ["POST", `${secrets}?dryRun=All`, { metadata: { name: "a" } }],
  ["POST", `${secrets}?dryRun=Some`, { metadata: { name: "dry" } }],
  ["POST", `${secrets}?fieldValidation=Strict`, { metadata: { name: "s" }, foo: 1 }],
  ["POST", `${secrets}?fieldValidation=Warn`, { metadata: { name: "s" }, foo: 1 }],
  ["POST", `${secrets}?fieldValidation=Nope`, { metadata: { name: "s2" } }],
  ["POST", secrets, { metadata: { name: "t" }, type: 1 }],
  ["POST", `${secrets}?fieldManager=${"x".repeat(130)}`, { metadata: { name: "s3" } }],
  ["POST", secrets, "name: x", { "content-type": "text/plain" }],
];

const reads: readonly Row[] = [
  ["GET", a],
  ["GET", `${secrets}/nope`],
  ["GET", a, undefined, { accept: "text/html" }],
  ["GET", a, undefined, { accept: "application/xml;q=0.9,*/*;q=0.8" }],
  ["GET", `${a}?includeObject=Bad`, undefined, table],
  ["GET", a, undefined, metadata],
  ["GET", secrets, undefined, metadataList],
  ["GET", secrets, undefined, metadata],
  ["GET", secrets, undefined, { accept: "application/vnd.kubernetes.protobuf;as=Table;v=v1;g=meta.k8s.io" }],
  ["GET", secrets],
  ["GET", `${secrets}?limit=1`],
  ["GET", `${secrets}?limit=1&resourceVersion=0`],
  ["GET", `${secrets}?continue=abc`],
  ["GET", `${secrets}?continue=${token({ v: "x", rv: 1, start: "a" })}`],
  ["GET", `${secrets}?continue=${token({ v: "meta.k8s.io/v1", rv: 0, start: "a" })}`],
  ["GET", `${secrets}?continue=${token({ v: "meta.k8s.io/v1", rv: 1, start: "a/../b" })}`],
  ["GET", `${secrets}?continue=${token({ v: "meta.k8s.io/v1", rv: -1, start: "b" })}`],
  ["GET", `${secrets}?resourceVersion=abc`],
  ["GET", `${secrets}?resourceVersionMatch=Exact`],
  ["GET", `${secrets}?resourceVersionMatch=Foo&resourceVersion=1`],
  ["GET", `${secrets}?resourceVersionMatch=Exact&resourceVersion=0`],
  ["GET", `${secrets}?sendInitialEvents=true`],
  ["GET", `${secrets}?watch=1&sendInitialEvents=true`],
  ["GET", `${secrets}?watch=1&resourceVersionMatch=Exact`],
  ["GET", `${secrets}?labelSelector=a%3D%3D%3Db`],
  ["GET", `${secrets}?labelSelector=x+in+(a,b`],
  ["GET", `${secrets}?fieldSelector=spec.foo%3Dbar`],
  ["GET", `${secrets}?fieldSelector=metadata.name%3Da`],
  ["GET", `${secrets}?fieldSelector=metadata.name`],
  ["GET", `${secrets}?resourceVersion=999999999`],
  ["GET", `${a}?resourceVersion=999999999`],
  ["GET", `${a}?resourceVersion=abc`],
  ["GET", `${secrets}?limit=abc`],
];

const updates: readonly Row[] = [
  ["PUT", a, { metadata: { name: "a", resourceVersion: "1" }, data: { x: "Mg==" } }],
  ["PUT", a, { metadata: { name: "b" } }],
  ["PUT", a, { metadata: { name: "a", namespace: "zz" } }],
  ["PUT", a, { data: { x: "Mg==" } }],
  ["PUT", a, { metadata: { name: "a", resourceVersion: "abc" } }],
  ["PUT", a, { metadata: { name: "a" }, data: { x: "Mg==" } }],
  ["PUT", a, { metadata: { name: "a" }, type: "other" }],
  ["PUT", `${secrets}/zz`, { metadata: { name: "zz" } }],
  ["PUT", `${a}?dryRun=All`, { metadata: { name: "a" }, data: { x: "Mw==" } }],
  ["PATCH", a, { metadata: { labels: { l: "1" } } }, mergePatch],
  ["PATCH", a, { metadata: { labels: { l: "2" } } }, strategicPatch],
  ["PATCH", a, [{ op: "add", path: "/data/y", value: "eg==" }], jsonPatch],
  ["PATCH", a, [{ op: "test", path: "/data/y", value: "q" }], jsonPatch],
  ["PATCH", a, [{ op: "remove", path: "/data/nope" }], jsonPatch],
  ["PATCH", a, { a: 1 }, jsonPatch],
  ["PATCH", a, "{bad", mergePatch],
  ["PATCH", a, "{bad", strategicPatch],
  ["PATCH", a, { foo: 1 }, mergePatch],
  ["PATCH", `${a}?fieldValidation=Strict`, { foo: 1 }, strategicPatch],
  ["PATCH", a, { type: 1 }, strategicPatch],
  ["PATCH", a, { metadata: { name: "b" } }, mergePatch],
  ["PATCH", a, { metadata: { resourceVersion: "1" } }, mergePatch],
  ["PATCH", a, { metadata: { uid: "u" } }, mergePatch],
  ["PATCH", `${secrets}/nope`, { a: 1 }, mergePatch],
  ["PATCH", a, { a: 1 }],
  ["PATCH", `${a}?force=true`, { data: { q: "MQ==" } }, mergePatch],
  ["PUT", `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases/l`, { metadata: { name: "l" }, spec: {} }],
  ["PUT", `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases/l`, { metadata: { name: "l" }, spec: {} }],
];

const deletes: readonly Row[] = [
  ["PATCH", a, { metadata: { finalizers: ["x.io/f"] } }, mergePatch],
  ["DELETE", a, { preconditions: { uid: "nope" } }],
  ["DELETE", a, { propagationPolicy: "Nope" }],
  ["DELETE", a, { propagationPolicy: "Orphan", orphanDependents: true }],
  ["DELETE", a, "{bad"],
  ["DELETE", `${a}?dryRun=All`],
  ["DELETE", a],
  ["DELETE", a],
  ["GET", a],
  ["POST", secrets, { metadata: { name: "a" } }],
  ["PATCH", a, { metadata: { finalizers: null } }, mergePatch],
  ["GET", a],
  ["POST", secrets, { metadata: { name: "fg" } }],
  ["DELETE", `${secrets}/fg?propagationPolicy=Foreground&dryRun=All`],
  ["DELETE", `${secrets}/fg`, { propagationPolicy: "Foreground" }],
  ["PATCH", `${secrets}/fg`, { metadata: { finalizers: null } }, strategicPatch],
  ["DELETE", `${secrets}/s`],
  ["DELETE", `${secrets}/s`],
  ["DELETE", `${secrets}?labelSelector=none%3D1`],
  ["POST", `${base}/limitranges`, { metadata: { name: "lr" }, spec: { limits: [] } }],
  ["DELETE", `${base}/limitranges/lr`],
  ["POST", `${base}/podtemplates`, { metadata: { name: "pt" }, template: { spec: { containers: [{ name: "c", image: "i" }] } } }],
  ["DELETE", `${base}/podtemplates/pt`],
];

const paths: readonly Row[] = [
  ["POST", `${base}/secrets/p`, { metadata: { name: "p" } }],
  ["PUT", secrets, { metadata: { name: "p" } }],
  ["PATCH", secrets, {}, mergePatch],
  ["GET", "/api/v1/secrets/foo"],
  ["POST", "/api/v1/secrets", { metadata: { name: "x" } }],
  ["DELETE", "/api/v1/namespaces"],
  ["GET", "/api/v1/nopes"],
  ["GET", "/apis/apps/v1/nopes"],
  ["GET", "/apis/apps/v9/deployments"],
  ["GET", "/apis/zz/v1/x"],
  ["GET", "/api/v1/watch"],
  ["GET", `${secrets}/a/status`],
  ["GET", "/api/v1/namespaces/x/nodes"],
];

const watches: readonly Row[] = [
  ["POST", secrets, { metadata: { name: "w1", labels: { w: "1" } } }],
  ["POST", secrets, { metadata: { name: "w2" } }],
  ["GET", `${secrets}?watch=1&timeoutSeconds=1`],
  ["GET", `${secrets}?watch=1&timeoutSeconds=1&labelSelector=w`],
  ["GET", `${secrets}?watch=1&timeoutSeconds=1&fieldSelector=metadata.name%3Dw2`, undefined, metadata],
  ["GET", `/api/v1/watch/namespaces/${namespace}/secrets/w1?timeoutSeconds=1`],
  ["GET", `${secrets}?watch=1&timeoutSeconds=1&resourceVersion=999999999`],
  ["GET", `${secrets}?watch=1&timeoutSeconds=1`, undefined, { accept: "application/json;as=Table;v=v1;g=other" }],
  ["DELETE", `${secrets}?labelSelector=w`],
  ["DELETE", secrets],
];

/** Events are one thing under two groups; scales are views of other objects. */
const event = { involvedObject: { namespace, name: "x" }, reason: "r", message: "m", type: "Normal" };
const newEvents = `/apis/events.k8s.io/v1/namespaces/${namespace}/events`;
const note = {
  regarding: { namespace, name: "x" },
  reason: "r",
  note: "m",
  type: "Normal",
  eventTime: "2026-01-01T00:00:00.000000Z",
  action: "a",
  reportingController: "c.io/x",
  reportingInstance: "i",
};
const controllers = `${base}/replicationcontrollers`;
const template = { metadata: { labels: { a: "b" } }, spec: { containers: [{ name: "c", image: "i" }] } };
const shapes: readonly Row[] = [
  ["POST", `${base}/events`, { metadata: { name: "e" }, ...event }],
  ["GET", `${newEvents}/e`],
  ["PATCH", `${newEvents}/e`, { note: "n" }, mergePatch],
  ["POST", newEvents, { metadata: { name: "e2" }, ...note }],
  ["GET", `${base}/events/e2`],
  ["GET", `${base}/events?fieldSelector=involvedObject.name%3Dx`],
  ["GET", `${newEvents}?fieldSelector=regarding.name%3Dnone`],
  ["DELETE", `${newEvents}/e2`],
  ["POST", `${controllers}?dryRun=All`, { metadata: { name: "rc" }, spec: { replicas: 0, selector: { a: "b" }, template } }],
  ["POST", controllers, { metadata: { name: "rc" }, spec: { replicas: 0, selector: { a: "c" }, template } }],
  ["GET", `${controllers}/nope/scale`],
  ["PUT", `${controllers}/nope/scale`, { metadata: { name: "nope" }, spec: { replicas: 1 } }],
];

export const requests: readonly RecordedRequest[] = [...creates, ...reads, ...updates, ...deletes, ...paths, ...shapes, ...watches].map(
  ([method, path, body, headers]) => ({
    method,
    path,
    ...(body === undefined ? {} : { body }),
    ...(headers === undefined ? {} : { headers }),
  }),
);

export interface RecordedAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly warning?: string;
  /** Lines of JSON, scrubbed; or text. */
  readonly lines: readonly unknown[];
}

const changing = new Set(["resourceVersion", "creationTimestamp", "deletionTimestamp", "continue", "columnDefinitions"]);

/** An answer without what differs from run to run. */
export function scrub(text: string): unknown[] {
  const whole = parsed(text);
  if (whole !== undefined) return [scrubValue(whole)];
  const lines = text.split("\n").filter((line) => line !== "");
  return lines.map((line) => scrubValue(parsed(line) ?? line));
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function scrubValue(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(scrubValue);
  if (typeof value === "string") {
    return value
      .replace(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{22}/g, "UID")
      .replace(/-[bcdfghjklmnpqrstvwxz2456789]{5}\b/g, "-XXXXX")
      .replace(/current: \d+/, "current: N");
  }
  if (typeof value !== "object" || value === null) return value;
  const kept = Object.entries(value).filter(([key]) => key !== "managedFields");
  return Object.fromEntries(kept.sort(([x], [y]) => (x < y ? -1 : 1)).map(([key, v]) => [key, changing.has(key) ? "*" : scrubValue(v)]));
}
