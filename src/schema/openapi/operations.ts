/** The operations of a resource's paths, neutral of the format that publishes them. */
import { groupVersionPath, modelName, type PublishedResource, type PublishedSubresource } from "./published.ts";

export interface Parameter {
  readonly name: string;
  readonly in: "query" | "path";
  readonly type: "string" | "integer" | "boolean";
  readonly required?: boolean;
  readonly description: string;
}

/** A model's name, or text, or none. */
export type Content = { readonly model: string } | "text" | undefined;

export interface Operation {
  readonly method: "get" | "put" | "post" | "delete" | "options" | "head" | "patch";
  readonly description: string;
  readonly operationId: string;
  readonly action: string | undefined;
  readonly kind: { readonly group: string; readonly version: string; readonly kind: string } | undefined;
  readonly parameters: readonly Parameter[];
  readonly body?: { readonly model: string; readonly required: boolean; readonly patch?: boolean } | undefined;
  readonly responses: Readonly<Record<string, Content>>;
  /** `read`: JSON, YAML, protobuf; `watch`: streams of them too; `any`: whatever comes; `text`: plain text too; `keys`: a key set. */
  readonly produces: "read" | "watch" | "any" | "text" | "json" | "keys";
}

export interface PathItem {
  readonly path: string;
  readonly parameters: readonly Parameter[];
  readonly operations: readonly Operation[];
  readonly tag: string;
  /** A custom resource's, which knows no protobuf and no strategic patches. */
  readonly custom: boolean;
}

const query = (name: string, type: Parameter["type"], description: string): Parameter => ({ name, in: "query", type, description });

const pretty = query("pretty", "string", "Print the answer indented when 'true'; web browsers get that without asking.");
const dryRun = query("dryRun", "string", "Run every check and change nothing; the only value is 'All'.");
const fieldManager = query("fieldManager", "string", "The name of who makes the change, at most 128 printable characters.");
const applyManager = query("fieldManager", "string", "The name of who makes the change; required for apply requests.");
const fieldValidation = query(
  "fieldValidation",
  "string",
  "What to do about unknown and duplicate fields: 'Ignore' drops them, 'Warn' sends warnings, 'Strict' refuses the request.",
);
const force = query("force", "boolean", "Take over fields that other managers own; for apply requests only.");

const listParameters: readonly Parameter[] = [
  query("allowWatchBookmarks", "boolean", "Let a watch send BOOKMARK events, which carry a resource version and nothing else."),
  query("continue", "string", "The token of an earlier answer: go on where that page ended."),
  query("fieldSelector", "string", "Only objects whose fields match."),
  query("labelSelector", "string", "Only objects whose labels match."),
  query("limit", "integer", "At most this many objects in one answer; the answer's continue token leads on."),
  query("resourceVersion", "string", "How fresh the answer must be, or where a watch begins."),
  query("resourceVersionMatch", "string", "How resourceVersion is meant for lists: 'Exact' or 'NotOlderThan'."),
  query("sendInitialEvents", "boolean", "Begin a watch with the objects that are there, and mark their end with a bookmark."),
  query("shardSelector", "string", "Only objects of the shards that match."),
  query("timeoutSeconds", "integer", "Give up after this many seconds, whether anything happened or not."),
];
const watchParameter = query("watch", "boolean", "Stream changes instead of a list.");

const deleteParameters: readonly Parameter[] = [
  query("gracePeriodSeconds", "integer", "Seconds before the object goes; zero means at once."),
  query(
    "ignoreStoreReadErrorWithClusterBreakingPotential",
    "boolean",
    "Delete an object that cannot be read any more, without finalizers and preconditions.",
  ),
  query("orphanDependents", "boolean", "Deprecated: see propagationPolicy."),
  query("propagationPolicy", "string", "What becomes of dependents: 'Orphan', 'Background' or 'Foreground'."),
];

const status = "io.k8s.apimachinery.pkg.apis.meta.v1.Status";
const deleteOptions = "io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions";
const patchModel = "io.k8s.apimachinery.pkg.apis.meta.v1.Patch";
const watchEvent = "io.k8s.apimachinery.pkg.apis.meta.v1.WatchEvent";

/** Kinds whose DELETE answers with the object instead of a Status. */
const returnsObject = new Set([
  "Pod",
  "PersistentVolume",
  "PersistentVolumeClaim",
  "PodTemplate",
  "ResourceQuota",
  "Service",
  "ServiceAccount",
]);

/** `rbac.authorization.k8s.io` → `RbacAuthorization`, with `first` in its own case: tags begin small. */
function camelGroup(group: string, first: "upper" | "lower"): string {
  if (group === "") return first === "upper" ? "Core" : "core";
  const parts = group.replace(/\.k8s\.io$/, "").split(/[.-]/);
  return parts.map((p, i) => (i === 0 && first === "lower" ? p : p.charAt(0).toUpperCase() + p.slice(1))).join("");
}

export function tagOf(gv: { group: string; version: string }): string {
  return `${camelGroup(gv.group, "lower")}_${gv.version}`;
}

export function groupName(group: string): string {
  return camelGroup(group, "upper");
}

const capitalized = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** Names of operations: `listAppsV1NamespacedDeployment`. */
function operationName(verb: string, r: PublishedResource, what: string, options: { infix?: string; all?: boolean } = {}): string {
  const scope = r.namespaced && options.all !== true ? "Namespaced" : "";
  return `${verb}${groupName(r.group)}${capitalized(r.version)}${options.infix ?? ""}${scope}${what}`;
}

interface RawPath {
  path: string;
  pathParameters: Parameter[];
  operations: Operation[];
}

/** All paths of a resource. `modelOf` names the model of a subresource's kind. */
export function pathsOf(r: PublishedResource, modelOf: (gvk: PublishedSubresource) => string): PathItem[] {
  const root = `/${groupVersionPath(r)}`;
  const inNamespace = r.namespaced ? "/namespaces/{namespace}" : "";
  const namespace: Parameter = {
    name: "namespace",
    in: "path",
    type: "string",
    required: true,
    description: "object name and auth scope, such as for teams and projects",
  };
  const name: Parameter = { name: "name", in: "path", type: "string", required: true, description: `name of the ${r.kind}` };
  const scope = r.namespaced ? [namespace] : [];
  const custom = r.typeName === undefined;
  const raw: RawPath[] = [
    { path: `${root}${inNamespace}/${r.resource}`, pathParameters: [...scope, pretty], operations: collectionOperations(r) },
    { path: `${root}${inNamespace}/${r.resource}/{name}`, pathParameters: [name, ...scope, pretty], operations: itemOperations(r) },
  ];
  if (r.namespaced && r.verbs.includes("list")) {
    raw.push({ path: `${root}/${r.resource}`, pathParameters: [pretty], operations: [listOperation(r, true)] });
  }
  for (const sub of r.subresources) raw.push(...subresourcePaths(r, sub, modelOf(sub), `${root}${inNamespace}`, [name, ...scope]));
  if (r.verbs.includes("watch") && !custom) raw.push(...watchPaths(r, root, inNamespace, name, scope));
  return raw.filter((p) => p.operations.length > 0).map((p) => hoist(p, tagOf(r), custom));
}

/** Parameters that all operations of a path share stand at the path. */
function hoist({ path, pathParameters, operations }: RawPath, tag: string, custom: boolean): PathItem {
  const [first] = operations;
  const shared = (first?.parameters ?? []).filter((p) => operations.every((o) => o.parameters.includes(p)));
  return {
    path,
    parameters: [...pathParameters, ...shared].sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : a.in < b.in ? -1 : 1)),
    operations: operations.map((o) => ({ ...o, parameters: o.parameters.filter((p) => !shared.includes(p)) })),
    tag,
    custom,
  };
}

function listOperation(r: PublishedResource, all: boolean): Operation {
  const model = r.typeName === undefined ? modelName(r).replace(/[^.]+$/, r.listKind) : r.typeName.replace(/[^.]+$/, r.listKind);
  const watches = r.verbs.includes("watch") || r.typeName !== undefined;
  return {
    method: "get",
    description: r.typeName === undefined ? `list objects of kind ${r.kind}` : `list or watch objects of kind ${r.kind}`,
    operationId: operationName("list", r, `${r.kind}${all ? "ForAllNamespaces" : ""}`, { all }),
    action: "list",
    kind: r,
    parameters: [...listParameters, watchParameter],
    responses: { "200": { model }, "401": undefined },
    produces: watches && r.typeName !== undefined ? "watch" : "read",
  };
}

function collectionOperations(r: PublishedResource): Operation[] {
  const model = modelName(r);
  const operations: Operation[] = [];
  if (r.verbs.includes("list")) operations.push(listOperation(r, false));
  if (r.verbs.includes("create")) {
    operations.push({
      method: "post",
      description: `create ${article(r.kind)} ${r.kind}`,
      operationId: operationName("create", r, r.kind),
      action: "post",
      kind: r,
      parameters: [dryRun, fieldManager, fieldValidation],
      body: { model, required: true },
      responses: { "200": { model }, "201": { model }, "202": { model }, "401": undefined },
      produces: "read",
    });
  }
  if (r.verbs.includes("deletecollection")) {
    const custom = r.typeName === undefined;
    operations.push({
      method: "delete",
      description: `delete collection of ${r.kind}`,
      operationId: operationName("delete", r, r.kind, { infix: "Collection" }),
      action: "deletecollection",
      kind: r,
      parameters: custom
        ? [...listParameters, watchParameter]
        : [...listParameters.slice(1), dryRun, ...deleteParameters].sort((a, b) => (a.name < b.name ? -1 : 1)),
      ...(custom ? {} : { body: { model: deleteOptions, required: false } }),
      responses: { "200": { model: status }, "401": undefined },
      produces: "read",
    });
  }
  return operations;
}

const article = (kind: string): string => (/^[aeiou]/i.test(kind) ? "an" : "a");

interface ItemTarget {
  readonly what: string;
  readonly of: string;
  readonly model: string;
  readonly kind: { readonly group: string; readonly version: string; readonly kind: string };
  readonly verbs: readonly string[];
}

/** get, put, patch of an object or of a part of it. */
function objectOperations(r: PublishedResource, target: ItemTarget): Operation[] {
  const { what, model, kind } = target;
  const wrote = { "200": { model }, "201": { model }, "401": undefined };
  const custom = r.typeName === undefined;
  const patched = custom ? { "200": { model }, "401": undefined } : wrote;
  const operations: Operation[] = [];
  const add = (method: Operation["method"], verb: string, description: string, rest: Partial<Operation>): void => {
    operations.push({
      method,
      description,
      operationId: operationName(verb, r, what),
      action: method,
      kind,
      parameters: [],
      responses: { "200": { model }, "401": undefined },
      produces: "read",
      ...rest,
    });
  };
  // Custom resources say that a read can be of a version; built-in ones can, and do not say it.
  const version = listParameters.filter((p) => custom && p.name === "resourceVersion");
  if (target.verbs.includes("get")) add("get", "read", `read ${target.of}`, { parameters: version });
  if (target.verbs.includes("update")) {
    add("put", "replace", `replace ${target.of}`, {
      parameters: [dryRun, fieldManager, fieldValidation],
      body: { model, required: true },
      responses: wrote,
    });
  }
  if (target.verbs.includes("patch")) {
    const body = { model: patchModel, required: true, patch: true };
    add("patch", "patch", `partially update ${target.of}`, {
      parameters: [dryRun, applyManager, fieldValidation, force],
      body,
      responses: patched,
    });
  }
  return operations;
}

function itemOperations(r: PublishedResource): Operation[] {
  const model = modelName(r);
  const operations = objectOperations(r, { what: r.kind, of: `the specified ${r.kind}`, model, kind: r, verbs: r.verbs });
  if (!r.verbs.includes("delete")) return operations;
  const answer = r.typeName !== undefined && r.group === "" && returnsObject.has(r.kind) ? model : storageAnswer(r, model);
  const remove: Operation = {
    method: "delete",
    description: `delete ${article(r.kind)} ${r.kind}`,
    operationId: operationName("delete", r, r.kind),
    action: "delete",
    kind: r,
    parameters: [dryRun, ...deleteParameters],
    body: { model: deleteOptions, required: false },
    responses: { "200": { model: answer }, "202": { model: answer }, "401": undefined },
    produces: "read",
  };
  const patchAt = operations.findIndex((o) => o.method === "patch");
  return patchAt < 0 ? [...operations, remove] : [...operations.slice(0, patchAt), remove, ...operations.slice(patchAt)];
}

const storageKinds = new Set(["CSIDriver", "CSINode", "StorageClass", "VolumeAttachment", "VolumeAttributesClass"]);
const resourceKinds = new Set(["DeviceClass", "ResourceClaim", "ResourceClaimTemplate", "ResourceSlice", "DeviceTaintRule"]);

function storageAnswer(r: PublishedResource, model: string): string {
  const keeps = (r.group === "storage.k8s.io" && storageKinds.has(r.kind)) || (r.group === "resource.k8s.io" && resourceKinds.has(r.kind));
  return keeps ? model : status;
}

const containerParameters: readonly Parameter[] = [
  query("container", "string", "The container; the only one when left out."),
  query("stderr", "boolean", "Whether the container's standard error is sent."),
  query("stdin", "boolean", "Whether the container's standard input is open."),
  query("stdout", "boolean", "Whether the container's standard output is sent."),
  query("tty", "boolean", "Whether the process gets a terminal."),
];

/** The query of subresources that are connected to. */
const connectParameters: Record<string, readonly Parameter[]> = {
  attach: containerParameters,
  exec: [query("command", "string", "The program and its arguments, one a parameter."), ...containerParameters],
  portforward: [query("ports", "integer", "The ports to forward; needed for WebSockets only.")],
  proxy: [query("path", "string", "The path below the target.")],
};

const logParameters: readonly Parameter[] = [
  query("container", "string", "The container; the only one when left out."),
  query("follow", "boolean", "Stream what comes."),
  query("insecureSkipTLSVerifyBackend", "boolean", "Do not check the node's certificate."),
  query("limitBytes", "integer", "At most this many bytes."),
  query("previous", "boolean", "The log of the container's last run."),
  query("sinceSeconds", "integer", "Only what is not older than this."),
  query("stream", "string", "'All', 'Stdout' or 'Stderr'."),
  query("tailLines", "integer", "At most this many lines, from the end."),
  query("timestamps", "boolean", "Put the time before each line."),
];

const connectMethods: Record<string, readonly Operation["method"][]> = {
  proxy: ["get", "put", "post", "delete", "options", "head", "patch"],
};

function subresourcePaths(
  r: PublishedResource,
  sub: PublishedSubresource,
  model: string,
  root: string,
  scope: readonly Parameter[],
): RawPath[] {
  const path = `${root}/${r.resource}/{name}/${sub.name}`;
  const what = `${r.kind}${capitalized(sub.name)}`;
  const parameters = Object.hasOwn(connectParameters, sub.name) ? connectParameters[sub.name] : undefined;
  if (parameters !== undefined) {
    const operations = (suffix: string): Operation[] =>
      (connectMethods[sub.name] ?? (["get", "post"] as const)).map((method) => ({
        method,
        description: `connect ${method.toUpperCase()} requests to ${sub.name} of ${r.kind}`,
        operationId: operationName("connect", r, `${what}${suffix}`, { infix: capitalized(method) }),
        action: "connect",
        kind: sub,
        parameters,
        responses: { "200": "text" as const, "401": undefined },
        produces: "any" as const,
      }));
    const rest: Parameter = { name: "path", in: "path", type: "string", required: true, description: "path to the resource" };
    const withPath = { path: `${path}/{path}`, pathParameters: [...scope, rest], operations: operations("WithPath") };
    return [{ path, pathParameters: [...scope], operations: operations("") }, ...(sub.name === "proxy" ? [withPath] : [])];
  }
  const pathParameters = [...scope, pretty];
  const of = `${sub.name} of the specified ${r.kind}`;
  if (sub.name === "log") {
    const [read] = objectOperations(r, { what, of, model, kind: sub, verbs: ["get"] }) as [Operation];
    return [
      {
        path,
        pathParameters,
        operations: [{ ...read, parameters: logParameters, responses: { "200": "text", "401": undefined }, produces: "text" }],
      },
    ];
  }
  // A custom resource's scale is documented as the resource's own kind.
  const kind = r.typeName === undefined ? r : sub;
  const operations = objectOperations(r, { what, of, model, kind, verbs: sub.verbs });
  if (sub.verbs.includes("create")) {
    operations.push({
      method: "post",
      description: `create ${sub.name} of ${article(r.kind)} ${r.kind}`,
      operationId: operationName("create", r, what),
      action: "post",
      kind: sub,
      parameters: [dryRun, fieldManager, fieldValidation],
      body: { model, required: true },
      responses: { "200": { model }, "201": { model }, "202": { model }, "401": undefined },
      produces: "read",
    });
  }
  return [{ path, pathParameters, operations }];
}

/** The old paths below /watch/. */
function watchPaths(r: PublishedResource, root: string, inNamespace: string, name: Parameter, scope: readonly Parameter[]): RawPath[] {
  const watch = (what: string, action: string, description: string, all = false): Operation => ({
    method: "get",
    description,
    operationId: operationName("watch", r, what, { all }),
    action,
    kind: r,
    parameters: [...listParameters, watchParameter],
    responses: { "200": { model: watchEvent }, "401": undefined },
    produces: "watch",
  });
  const list = `watch individual changes to a list of ${r.kind}; deprecated: list with the watch parameter instead`;
  const item = `watch changes to one ${r.kind}; deprecated: list with the watch parameter and a field selector instead`;
  return [
    {
      path: `${root}/watch${inNamespace}/${r.resource}`,
      pathParameters: [...scope, pretty],
      operations: [watch(`${r.kind}List`, "watchlist", list)],
    },
    ...(r.verbs.includes("get")
      ? [
          {
            path: `${root}/watch${inNamespace}/${r.resource}/{name}`,
            pathParameters: [name, ...scope, pretty],
            operations: [watch(r.kind, "watch", item)],
          },
        ]
      : []),
    ...(r.namespaced
      ? [
          {
            path: `${root}/watch/${r.resource}`,
            pathParameters: [pretty],
            operations: [watch(`${r.kind}ListForAllNamespaces`, "watchlist", list, true)],
          },
        ]
      : []),
  ];
}

/** A document's own path: `/apis/apps/v1/`, `/apis/apps/`, `/version/`. */
export function plainPath(
  path: string,
  tag: string,
  operationId: string,
  description: string,
  content: Content,
  produces: Operation["produces"] = "read",
): PathItem {
  const operation: Operation = {
    method: "get",
    description,
    operationId,
    action: undefined,
    kind: undefined,
    parameters: [],
    responses: { "200": content, "401": undefined },
    produces,
  };
  return { path, parameters: [], operations: [operation], tag, custom: false };
}
