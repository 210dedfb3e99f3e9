/** Finds what answers a request: a verb on a stored resource, a handler, or a route. */
import { ApiError, badRequest, internalError, notFound } from "../../core/api-error.ts";
import type { GroupVersionKind } from "../../schema/object.ts";
import { apiVersionOf } from "../../schema/resource-ref.ts";
import { typeNameOf } from "../../schema/scheme.ts";
import { connectOptions } from "../admission/connect-options.ts";
import { annotate } from "../audit/annotations.ts";
import { requirePlain } from "../respond.ts";
import type { ApiRequest, ApiResponse } from "../request.ts";
import type { ResourceDefinition, Subresource } from "../resource.ts";
import { Scope } from "../scope.ts";
import type { Served } from "../served.ts";
import type { Installed, ServerState } from "../server-state.ts";
import { admissionAttributes, admit, validate } from "../verbs/admission-run.ts";
import { decodeBody } from "../verbs/body.ts";
import { managerOf } from "../verbs/field-managers.ts";
import { metadataOf } from "../verbs/metadata.ts";
import { setManagedFields } from "../verbs/ownership.ts";
import { create } from "../verbs/create.ts";
import { deleteCollection } from "../verbs/delete-collection.ts";
import { remove } from "../verbs/delete.ts";
import { get } from "../verbs/get.ts";
import { list } from "../verbs/list.ts";
import { parseWriteOptions } from "../verbs/options.ts";
import { patch } from "../verbs/patch.ts";
import { update } from "../verbs/update.ts";
import { watch } from "../verbs/watch.ts";
import type { RequestState } from "./request-state.ts";

type Verb = (scope: Scope) => Promise<ApiResponse>;

const verbs: Readonly<Record<string, Verb>> = {
  get,
  list,
  watch,
  create,
  update,
  patch,
  delete: remove,
  deletecollection: deleteCollection,
};

export function dispatch({ server, request }: RequestState): Promise<ApiResponse> | ApiResponse {
  const { info } = request;
  const remote = server.delegate?.(request.path);
  if (remote !== undefined) return remote.proxy(request);
  if (request.path.charCodeAt(1) === 47) return nothingThere(); // "//api": no route is written so
  if (info.isResource) {
    const installed = server.installed(info.group, info.resource);
    const served = installed?.versions.get(info.version);
    if (installed !== undefined && served !== undefined) return dispatchResource(server, request, installed, served);
  }
  const exact = server.routes.get(request.path);
  if (exact !== undefined) return exact.handle(request);
  if (info.isResource && groupKnown(server, info.group)) throw resourceNotFound();
  const route = findRoute(server, request.path);
  return route === undefined ? nothingThere() : route.handle(request);
}

function nothingThere(): ApiResponse {
  const headers = { "content-type": "text/plain; charset=utf-8", "x-content-type-options": "nosniff" };
  return { status: 404, headers, bytes: notFoundPage };
}

const notFoundPage = Buffer.from("404 page not found\n");

function resourceNotFound(): ApiError {
  return new ApiError(404, "NotFound", "the server could not find the requested resource", {});
}

/** Groups that custom resources alone make have no resources but these: the rest are paths like any other. */
function groupKnown(server: ServerState, group: string): boolean {
  return server.definitions().some((d) => d.group === group && d.versions.some((v) => v.codec === undefined));
}

/** The route of the longest path that the request's lies below. */
function findRoute(server: ServerState, path: string): ReturnType<ServerState["routes"]["get"]> {
  for (let at = path.lastIndexOf("/"); at >= 0; at = at === 0 ? -1 : path.lastIndexOf("/", at - 1)) {
    const below = server.routes.get(path.slice(0, at + 1));
    if (below !== undefined) return below;
  }
  return undefined;
}

function dispatchResource(
  server: ServerState,
  request: ApiRequest,
  installed: Installed,
  served: Served,
): Promise<ApiResponse> | ApiResponse {
  const { info } = request;
  const { definition } = installed;
  if (!definition.namespaced && info.namespace !== "" && definition.resource !== "namespaces") throw resourceNotFound();
  // Over all namespaces there are lists and watches alone: what can only be created has no such path.
  if (definition.namespaced && info.namespace === "" && !definition.verbs.includes("list")) throw resourceNotFound();
  if (definition.namespaced && info.namespace === "") checkUnnamespaced(request);
  warnOfDeprecation(server, request, served);
  // What is behind a proxy answers for itself; of our own, no route takes HEAD.
  if (request.method === "HEAD" && info.subresource !== "proxy") throw notSupported();
  if (info.subresource !== "") return dispatchSubresource(server, request, served);
  if (!definition.verbs.includes(info.verb) || !fitsPath(request)) throw notSupported();
  if (definition.handler !== undefined) {
    requirePlain(request);
    return handleResource(server, request, served, definition.handler);
  }
  const verb = verbs[info.verb];
  if (verb === undefined) throw notSupported();
  return verb(new Scope(server, request, served, undefined));
}

/** Over all namespaces there are lists and watches only, and no paths of single objects. */
function checkUnnamespaced({ info }: ApiRequest): void {
  const named = info.name !== "" && info.verb !== "list" && info.verb !== "watch";
  if (named || info.subresource !== "") throw resourceNotFound();
  if (info.verb === "create" || info.verb === "deletecollection") throw notSupported();
}

/** Creating is done to the collection, updating to one of it. */
function fitsPath({ info, method }: ApiRequest): boolean {
  if (info.verb === "create") return info.name === "";
  if (info.verb === "watch") return method === "GET"; // below `/watch/` whatever the method is
  return info.name !== "" || (info.verb !== "update" && info.verb !== "patch");
}

/** No route has this method: upstream's router says so, before it knows what the path is about. */
function notSupported(): ApiError {
  return new ApiError(405, "MethodNotAllowed", "the server does not allow this method on the requested resource", {});
}

function warnOfDeprecation(server: ServerState, request: ApiRequest, served: Served): void {
  const { deprecated } = served.version;
  if (deprecated === undefined) return;
  request.warnings.push(deprecated.warning);
  annotate(request, "k8s.io/deprecated", "true");
  if (deprecated.removedRelease) annotate(request, "k8s.io/removed-release", deprecated.removedRelease);
  const { group, resource } = served.definition;
  server.metrics.deprecated.set(1, {
    group,
    version: served.version.version,
    resource,
    subresource: request.info.subresource,
    removed_release: deprecated.removedRelease ?? "",
  });
}

function dispatchSubresource(server: ServerState, request: ApiRequest, served: Served): Promise<ApiResponse> {
  const { info } = request;
  const subresources = served.version.subresources ?? served.definition.subresources;
  const subresource = Object.hasOwn(subresources, info.subresource) ? subresources[info.subresource] : undefined;
  if (subresource === undefined) throw served.version.codec === undefined ? resourceNotFound() : notFound(info, info.name);
  if (subresource.type === "object") {
    const verb = verbs[info.verb];
    if (verb === undefined || !subresource.verbs.includes(info.verb)) throw notSupported();
    return verb(new Scope(server, request, served, subresource));
  }
  return handleSubresource(server, request, served, subresource);
}

/** What is created and not stored (reviews, bindings) is admitted all the same. */
async function handleResource(
  server: ServerState,
  request: ApiRequest,
  served: Served,
  handle: NonNullable<ResourceDefinition["handler"]>,
): Promise<ApiResponse> {
  if (request.info.verb === "create") {
    const { group, kind } = served.definition;
    await admitCreate(new Scope(server, request, served, undefined), { group, version: served.version.version, kind });
  }
  return handle(request);
}

type HandlerSubresource = Extract<Subresource, { type: "handler" }>;

const connects = new Set(["exec", "attach", "portforward", "proxy"]);

async function handleSubresource(
  server: ServerState,
  request: ApiRequest,
  served: Served,
  subresource: HandlerSubresource,
): Promise<ApiResponse> {
  const { info } = request;
  const scope = new Scope(server, request, served, undefined);
  if (connects.has(info.subresource)) {
    if (request.query.has("dryRun")) throw badRequest("dryRun is not supported");
    const kind = { group: subresource.group, version: subresource.version, kind: subresource.kind };
    const options = connectOptions(kind, request);
    const attributes = admissionAttributes(scope, "CONNECT", { name: info.name, dryRun: false, kind }, options, undefined);
    await admit(scope, attributes);
    await validate(scope, attributes);
    return subresource.handle(request);
  }
  if (!subresource.verbs.includes(info.verb)) throw notSupported();
  if (info.verb === "create") await admitCreate(scope, subresource);
  return subresource.handle(request);
}

/** An object that is created below another one (binding, eviction, token) is admitted like any other. */
async function admitCreate(scope: Scope, created: GroupVersionKind & Pick<HandlerSubresource, "complete">): Promise<void> {
  const { group, version, kind } = created;
  const { request } = scope;
  const typeName = typeNameOf({ group, version, kind });
  if (typeName === undefined) throw internalError(`${kind} is not in the table of types`);
  const options = parseWriteOptions(request.query, "CreateOptions");
  const empty = request.object === undefined && (request.body === undefined || request.body.length === 0);
  const type = { kind, apiVersion: apiVersionOf({ group, version }), typeName };
  const object = empty
    ? { kind, apiVersion: type.apiVersion }
    : await decodeBody(request, type, options.fieldValidation, scope.state.maxBodyBytes);
  const fields = scope.state.fieldManagers.ofType({ group, version, kind }, typeName, request.info.subresource);
  setManagedFields(metadataOf(object), fields.update(fields.empty, object, managerOf(request, options.fieldManager)));
  const at = { name: request.info.name, dryRun: options.dryRun, kind: { group, version, kind } };
  const attributes = admissionAttributes(scope, "CREATE", at, object, undefined);
  await admit(scope, attributes);
  await created.complete?.(request, object);
  await validate(scope, attributes);
  request.object = object;
}
