/** The verbs over any {@link Transport}: paths, queries, content types, and which body goes where. */
import { badRequest } from "../core/api-error.ts";
import type { KubeList, KubeObject } from "../schema/object.ts";
import type { ResourceRef } from "../schema/resource-ref.ts";
import type {
  Client,
  DeleteRequest,
  ListOptions,
  PatchType,
  RawResponse,
  ResourceClient,
  WatchEvent,
  WatchOptions,
  WriteOptions,
} from "./client.ts";
import type { ApiCall, CallVerb, Identity, RawOptions, Transport } from "./transport.ts";

export function restClient(transport: Transport): Client {
  return new RestClient(transport);
}

class RestClient implements Client {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  resource<T extends object>(ref: ResourceRef<T>, namespace = ""): ResourceClient<T> {
    return new RestResource(this.#transport, ref, ref.namespaced ? namespace : "");
  }

  raw(method: string, path: string, body?: unknown, options: RawOptions = {}): Promise<RawResponse> {
    return this.#transport.raw(method, path, body, options);
  }

  as(user: Identity): Client {
    return new RestClient(this.#transport.as(user));
  }
}

const methods: Record<CallVerb, ApiCall["method"]> = {
  get: "GET",
  list: "GET",
  watch: "GET",
  create: "POST",
  update: "PUT",
  patch: "PATCH",
  delete: "DELETE",
  deletecollection: "DELETE",
};

const patchContentType: Record<PatchType, string> = {
  json: "application/json-patch+json",
  merge: "application/merge-patch+json",
  strategic: "application/strategic-merge-patch+json",
  apply: "application/apply-patch+yaml",
};

class RestResource<T extends object> implements ResourceClient<T> {
  readonly ref: ResourceRef<T>;
  readonly namespace: string;
  readonly #transport: Transport;

  constructor(transport: Transport, ref: ResourceRef<T>, namespace: string) {
    this.#transport = transport;
    this.ref = ref;
    this.namespace = namespace;
  }

  async get(name: string, options: { resourceVersion?: string; signal?: AbortSignal } = {}): Promise<T> {
    const query = new URLSearchParams();
    if (options.resourceVersion !== undefined) query.set("resourceVersion", options.resourceVersion);
    return this.#named("get", name, "", query, undefined, options.signal);
  }

  async list(options: ListOptions = {}): Promise<KubeList<T>> {
    return (await this.#transport.call(this.#call("list", "", "", listQuery(options), options.signal))) as KubeList<T>;
  }

  watch(options: WatchOptions = {}): AsyncIterable<WatchEvent<T>> {
    const call = this.#call("watch", "", "", watchQuery(options), options.signal);
    return this.#transport.watch(call) as AsyncIterable<WatchEvent<T>>;
  }

  async create(object: T, options: WriteOptions = {}): Promise<T> {
    const namespace = this.#namespaceOf(object);
    if (this.ref.namespaced && namespace === "") throw badRequest("an empty namespace may not be set during creation");
    const call = this.#call("create", "", "", writeQuery(options), options.signal);
    return (await this.#transport.call({ ...call, namespace, body: this.#typed(object) })) as T;
  }

  update(object: T, options: WriteOptions = {}): Promise<T> {
    return this.#put(object, "", options);
  }

  updateStatus(object: T, options: WriteOptions = {}): Promise<T> {
    return this.#put(object, "status", options);
  }

  patch(name: string, type: PatchType, patch: unknown, options: WriteOptions & { subresource?: string; force?: boolean } = {}): Promise<T> {
    const query = writeQuery(options);
    if (options.force !== undefined) query.set("force", String(options.force));
    return this.#named("patch", name, options.subresource ?? "", query, patch as object, options.signal, patchContentType[type]);
  }

  delete(name: string, options: DeleteRequest = {}): Promise<KubeObject> {
    return this.#named<KubeObject>("delete", name, "", new URLSearchParams(), deleteBody(options), options.signal);
  }

  async deleteCollection(options: DeleteRequest = {}, list: ListOptions = {}): Promise<void> {
    const call = this.#call("deletecollection", "", "", listQuery(list), options.signal ?? list.signal);
    await this.#transport.call({ ...call, body: deleteBody(options) });
  }

  getSubresource<S extends object>(name: string, subresource: string): Promise<S> {
    return this.#named<S>("get", name, subresource, new URLSearchParams(), undefined, undefined);
  }

  createSubresource<S extends object>(name: string, subresource: string, body: S, options: WriteOptions = {}): Promise<S> {
    return this.#named<S>("create", name, subresource, writeQuery(options), body, options.signal);
  }

  updateSubresource<S extends object>(name: string, subresource: string, body: S, options: WriteOptions = {}): Promise<S> {
    return this.#named<S>("update", name, subresource, writeQuery(options), body, options.signal);
  }

  async #put(object: T, subresource: string, options: WriteOptions): Promise<T> {
    const name = (object as KubeObject).metadata?.name ?? "";
    const call = this.#forName(
      name,
      this.#call("update", name, subresource, writeQuery(options), options.signal),
      this.#namespaceOf(object),
    );
    return (await this.#transport.call({ ...call, body: this.#typed(object) })) as T;
  }

  async #named<R = T>(
    verb: CallVerb,
    name: string,
    subresource: string,
    query: URLSearchParams,
    body: object | undefined,
    signal: AbortSignal | undefined,
    contentType?: string,
  ): Promise<R> {
    const call = this.#forName(name, this.#call(verb, name, subresource, query, signal), this.namespace);
    return (await this.#transport.call({ ...call, body, contentType })) as R;
  }

  #forName(name: string, call: ApiCall, namespace: string): ApiCall {
    if (name === "") throw badRequest("resource name may not be empty");
    if (this.ref.namespaced && namespace === "") throw badRequest("an empty namespace may not be set when a resource name is provided");
    return namespace === call.namespace ? call : { ...call, namespace };
  }

  #call(verb: CallVerb, name: string, subresource: string, query: URLSearchParams, signal: AbortSignal | undefined): ApiCall {
    return { verb, method: methods[verb], ref: this.ref, namespace: this.namespace, name, subresource, query, signal };
  }

  #namespaceOf(object: T): string {
    if (!this.ref.namespaced) return "";
    return this.namespace === "" ? ((object as KubeObject).metadata?.namespace ?? "") : this.namespace;
  }

  /** The object with its apiVersion and kind, which typed callers may leave out. */
  #typed(object: T): object {
    const { apiVersion, kind } = object as KubeObject;
    if (apiVersion !== undefined && kind !== undefined) return object;
    const { group, version } = this.ref;
    return { apiVersion: group === "" ? version : `${group}/${version}`, kind: this.ref.kind, ...withoutType(object) };
  }
}

function withoutType(object: object): object {
  const { apiVersion: _apiVersion, kind: _kind, ...rest } = object as KubeObject;
  return rest;
}

function set(query: URLSearchParams, name: string, value: string | number | boolean | undefined): void {
  if (value !== undefined && value !== "") query.set(name, String(value));
}

function listQuery(options: ListOptions): URLSearchParams {
  const query = new URLSearchParams();
  set(query, "labelSelector", options.labelSelector);
  set(query, "fieldSelector", options.fieldSelector);
  set(query, "limit", options.limit);
  set(query, "continue", options.continue);
  set(query, "resourceVersion", options.resourceVersion);
  set(query, "resourceVersionMatch", options.resourceVersionMatch);
  return query;
}

function watchQuery(options: WatchOptions): URLSearchParams {
  const query = new URLSearchParams({ watch: "true" });
  set(query, "labelSelector", options.labelSelector);
  set(query, "fieldSelector", options.fieldSelector);
  set(query, "resourceVersion", options.resourceVersion);
  set(query, "resourceVersionMatch", options.resourceVersionMatch);
  set(query, "sendInitialEvents", options.sendInitialEvents);
  set(query, "allowWatchBookmarks", options.allowWatchBookmarks);
  set(query, "timeoutSeconds", options.timeoutSeconds);
  return query;
}

function writeQuery(options: WriteOptions): URLSearchParams {
  const query = new URLSearchParams();
  if (options.dryRun === true) query.set("dryRun", "All");
  set(query, "fieldManager", options.fieldManager);
  set(query, "fieldValidation", options.fieldValidation);
  return query;
}

function deleteBody(options: DeleteRequest): object {
  const { signal: _signal, ...rest } = options;
  return { apiVersion: "v1", kind: "DeleteOptions", ...rest };
}
