/** Turns what a verb has found or made into an answer, in the negotiated form, or as objects for callers in this process. */
import { ApiError } from "../core/api-error.ts";
import { deepFreeze, type KubeObject, type UnstructuredObject } from "../schema/object.ts";
import { customOffer, fullOffer, mediaTypeOf, type Negotiated, negotiate, plainOffer } from "./encoding/negotiation.ts";
import { objectBytes } from "./encoding/frames.ts";
import { encodeObject } from "./encoding/object-bytes.ts";
import { asPartialObjectMetadata, asTable, includeObjectOf } from "./encoding/transformations.ts";
import type { ApiRequest, ApiResponse } from "./request.ts";
import type { Scope } from "./scope.ts";
import type { Entry } from "./storage/entry.ts";

const jsonHeaders = { "content-type": "application/json" } as const;
const plainJson: Negotiated = { format: "json", as: undefined, pretty: false };

export function contentHeaders(format: Negotiated["format"]): Record<string, string> {
  return format === "json" ? { ...jsonHeaders } : { "content-type": mediaTypeOf(format) };
}

/** curl and browsers get lines; `?pretty` asks for them or not. */
function wantsPretty(request: ApiRequest): boolean {
  const asked = request.query.get("pretty");
  if (asked !== null && asked !== "") return asked === "1" || asked.toLowerCase() === "true" || asked === "t";
  const agent = request.headers["user-agent"];
  return typeof agent === "string" && (agent.startsWith("curl") || agent.startsWith("Wget") || agent.startsWith("Mozilla/5.0"));
}

function acceptOf(request: ApiRequest): string | undefined {
  const header = request.headers["accept"];
  return Array.isArray(header) ? header.join(",") : header;
}

/** The form of an answer about this resource. Throws 406: before a write is done, not after. */
export function negotiateObject(scope: Scope, stream = false): Negotiated {
  const { request } = scope;
  const offer = scope.served.protobuf ? fullOffer : customOffer;
  // A watch is negotiated as the list that it stands for first: that is whose refusal the client sees.
  const watched = stream || scope.request.info.verb === "list";
  if (stream) negotiate(acceptOf(request), offer, false, watched);
  const negotiated = negotiate(acceptOf(request), offer, stream, watched);
  if (request.inProcess === true || negotiated.pretty || negotiated.format !== "json" || stream) return negotiated;
  return wantsPretty(request) ? { ...negotiated, pretty: true } : negotiated;
}

/** An answer that is one stored object, or the subresource's view of it. */
export async function respondEntry(scope: Scope, entry: Entry, status: number, negotiated: Negotiated): Promise<ApiResponse> {
  const { request, served } = scope;
  const view = scope.subresource?.view;
  const { as, format } = negotiated;
  if (view !== undefined) {
    const object = view.read(entry.object()) as UnstructuredObject;
    return respondObject(request, as?.kind === "Table" ? tableOf(scope, view, object, as.version) : object, status, negotiated);
  }
  const audited =
    request.audit?.wantsResponse === true && as === undefined ? { bytes: () => objectBytes(served, entry, "json") } : undefined;
  if (request.inProcess === true && as === undefined) return { status, headers: {}, object: entry.servedObject(served), audited };
  if (as === undefined && format !== "yaml" && !negotiated.pretty) {
    return { status, headers: contentHeaders(format), bytes: objectBytes(served, entry, format), audited };
  }
  const object = entry.servedObject(served);
  return respondObject(request, as === undefined ? object : transform(scope, object, as), status, negotiated);
}

function tableOf(scope: Scope, columns: Parameters<typeof asTable>[0], object: UnstructuredObject, version: "v1" | "v1beta1"): KubeObject {
  const includeObject = includeObjectOf(scope.request.query);
  const now = scope.state.options.clock.now();
  return asTable(columns, [object], { resourceVersion: object.metadata?.resourceVersion ?? "" }, { includeObject, version, now });
}

function transform(scope: Scope, object: UnstructuredObject, as: NonNullable<Negotiated["as"]>): KubeObject {
  if (as.kind === "Table") return tableOf(scope, scope.served.version, object, as.version);
  if (as.kind === "PartialObjectMetadata") return asPartialObjectMetadata(object, as.version);
  throw new ApiError(
    406,
    "NotAcceptable",
    `you requested PartialObjectMetadataList, but the requested object is not a list (*${scope.served.internalName(scope.definition.kind)})`,
  );
}

/** An answer that is an object of its own. */
export async function respondObject(request: ApiRequest, object: KubeObject, status: number, negotiated: Negotiated): Promise<ApiResponse> {
  const audited = request.audit === undefined ? undefined : { object };
  if (request.inProcess === true) return { status, headers: {}, object: deepFreeze(object), audited };
  const { bytes, format } = await encodeObject(object, negotiated);
  return { status, headers: contentHeaders(format), bytes, audited };
}

/** Throws 406 when a handler, whose answers have no other form than their own, could not please the client. */
export function requirePlain(request: ApiRequest): void {
  negotiate(acceptOf(request), plainOffer);
}

/** For answers that are about no resource in particular: errors, what handlers give. Never throws. */
export async function respondPlain(request: ApiRequest, object: KubeObject, status: number): Promise<ApiResponse> {
  let negotiated: Negotiated;
  try {
    const found = negotiate(acceptOf(request), plainOffer);
    negotiated = found.format === "json" && wantsPretty(request) ? { ...found, pretty: true } : found;
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    // What cannot be negotiated is written out for people to read.
    negotiated = { ...plainJson, pretty: true };
  }
  return respondObject(request, object, status, negotiated);
}
