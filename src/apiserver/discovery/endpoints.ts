/** `/api`, `/apis` and below, plain and aggregated. Documents are made when asked for and kept until the definitions change. */
import { ApiError, hasReason } from "../../core/api-error.ts";
import type { KubeObject } from "../../schema/object.ts";
import type { Aggregator } from "../aggregation/aggregator.ts";
import { mediaTypeOf, negotiate, plainOffer } from "../encoding/negotiation.ts";
import type { ApiRequest, ApiResponse } from "../request.ts";
import type { ApiServer } from "../server-interface.ts";
import { encodeProtobuf } from "../../schema/codec.ts";
import { typeNameOf } from "../../schema/scheme.ts";
import { aggregatedDiscovery, apiGroup, apiGroupList, apiResourceList, apiVersions, etagOf, servedGroups } from "./documents.ts";
import type { GroupVersionPriority, ServedGroup } from "./documents.ts";

export interface DiscoveryOptions {
  /** Order of groups and versions; what is not known gets {@link customPriority}. */
  readonly priority?: ((group: string, version: string) => GroupVersionPriority) | undefined;
  /** `host:port` at which clients reach the server. */
  readonly serverAddress: () => string;
  /** What other servers answer for. */
  readonly aggregator?: Aggregator | undefined;
}

type DiscoveryServer = Pick<ApiServer, "definitions" | "onDefinitionsChange" | "addRoute">;

const aggregatedKind = { group: "apidiscovery.k8s.io", version: "v2", kind: "APIGroupDiscoveryList" };
const aggregatedTypes = { json: "application/json", protobuf: "application/vnd.kubernetes.protobuf" } as const;
type AggregatedFormat = keyof typeof aggregatedTypes;

/** A path that is nothing: what Go's mux says. */
export function pageNotFound(): ApiResponse {
  return {
    status: 404,
    headers: { "content-type": "text/plain; charset=utf-8", "x-content-type-options": "nosniff" },
    bytes: Buffer.from("404 page not found\n"),
  };
}

/** A path below a known group that is no resource. */
export function unknownResource(): ApiError {
  return new ApiError(404, "NotFound", "the server could not find the requested resource", {});
}

export function methodNotAllowed(): ApiError {
  return new ApiError(405, "MethodNotAllowed", "the server does not allow this method on the requested resource", {});
}

/** The format in which the client wants the aggregated document; undefined when its first choice that can be served is another one. */
function wantsAggregated(request: ApiRequest): AggregatedFormat | undefined {
  const accept = request.headers["accept"];
  if (typeof accept !== "string") return undefined;
  for (const clause of accept.split(",")) {
    const [type = "", ...rest] = clause.split(";").map((part) => part.trim());
    const params = Object.fromEntries(rest.map((p) => [p.slice(0, p.indexOf("=")), p.slice(p.indexOf("=") + 1)]));
    const format = type === aggregatedTypes.protobuf ? "protobuf" : "json";
    if (params["as"] === undefined) {
      if (type === aggregatedTypes[format] || type === "*/*") return undefined;
    } else if (type === aggregatedTypes[format] && params["g"] === aggregatedKind.group && params["v"] === aggregatedKind.version) {
      return params["as"] === aggregatedKind.kind ? format : undefined;
    }
  }
  return undefined;
}

/** Throws 406, in the router's words or in those of the handlers. */
function checkAcceptable(request: ApiRequest, routed: boolean): void {
  const accept = request.headers["accept"];
  try {
    negotiate(typeof accept === "string" ? accept : undefined, plainOffer);
  } catch (error) {
    if (!hasReason(error, "NotAcceptable")) throw error;
    const types = plainOffer.formats.map(mediaTypeOf).join(", ");
    if (!routed) throw new ApiError(406, "NotAcceptable", `only the following media types are accepted: ${types}`);
    throw new ApiError(406, "NotAcceptable", `406: Not Acceptable\n\nAvailable representations: ${types}`, {});
  }
}

interface Encoded {
  readonly bytes: Buffer;
  readonly etag: string;
}

export class Discovery {
  readonly #server: DiscoveryServer;
  readonly #options: DiscoveryOptions;
  #groups: readonly ServedGroup[] | undefined;
  readonly #aggregated = new Map<string, Encoded>();

  constructor(server: DiscoveryServer, options: DiscoveryOptions) {
    this.#server = server;
    this.#options = options;
    const forget = (): void => {
      this.#groups = undefined;
      this.#aggregated.clear();
    };
    server.onDefinitionsChange(forget);
    options.aggregator?.onChange(forget);
    const handle = (request: ApiRequest): ApiResponse => this.#handle(request);
    for (const path of ["/api", "/apis", "/api/", "/apis/"]) server.addRoute({ path, handle });
  }

  /** What is served now, in discovery's order. */
  get groups(): readonly ServedGroup[] {
    const { aggregator, priority } = this.#options;
    return (this.#groups ??= servedGroups(this.#server.definitions, priority, aggregator?.versions));
  }

  #handle(request: ApiRequest): ApiResponse {
    const [prefix = "", group, version, ...rest] = request.path.split("/").filter((part) => part !== "");
    if (rest.length > 0) return pageNotFound();
    // Upstream's router looks at the method; the two lists of groups are handlers that do not.
    const routed = prefix === "api" || version !== undefined;
    const document = prefix === "api" ? this.#core(request, group, version) : this.#group(request, group, version);
    if (routed && document.status === 200 && request.method !== "GET") throw methodNotAllowed();
    if (document.object !== undefined) checkAcceptable(request, routed);
    return document;
  }

  #core(request: ApiRequest, version: string | undefined, more: string | undefined): ApiResponse {
    if (version === undefined) {
      const format = wantsAggregated(request);
      if (format !== undefined) return this.#aggregate(request, true, format);
      return plain(apiVersions(this.groups, this.#options.serverAddress()));
    }
    const served = this.groups.find((g) => g.group === "")?.versions.find((v) => v.version === version);
    if (served === undefined || more !== undefined) throw unknownResource();
    return plain(apiResourceList("", served));
  }

  #group(request: ApiRequest, name: string | undefined, version: string | undefined): ApiResponse {
    if (name === undefined) {
      const format = wantsAggregated(request);
      return format === undefined ? plain(apiGroupList(this.groups)) : this.#aggregate(request, false, format);
    }
    const group = name === "" ? undefined : this.groups.find((g) => g.group === name);
    if (group === undefined) return pageNotFound();
    if (version === undefined) return plain(apiGroup(group));
    const served = group.versions.find((v) => v.version === version);
    if (served === undefined && group.versions.every((v) => v.remote !== undefined)) return pageNotFound();
    if (served === undefined) throw unknownResource();
    return plain(apiResourceList(name, served));
  }

  #aggregate(request: ApiRequest, core: boolean, format: AggregatedFormat): ApiResponse {
    const key = `${String(core)} ${format}`;
    let encoded = this.#aggregated.get(key);
    if (encoded === undefined) {
      const document = aggregatedDiscovery(this.groups.filter((g) => (g.group === "") === core));
      const json = Buffer.from(JSON.stringify(document));
      const bytes = format === "json" ? json : Buffer.from(encodeProtobuf(typeNameOf(aggregatedKind) as string, aggregatedKind, document));
      // One tag for both: it tells what is served, not how it is written.
      this.#aggregated.set(key, (encoded = { bytes, etag: etagOf(json) }));
    }
    const { group, version, kind } = aggregatedKind;
    const type = `${aggregatedTypes[format]};g=${group};v=${version};as=${kind}`;
    const headers = { "content-type": type, "cache-control": "public", etag: encoded.etag, vary: "Accept" };
    if (request.headers["if-none-match"] === encoded.etag) return { status: 304, headers };
    return { status: 200, headers, bytes: encoded.bytes };
  }
}

/** The pipeline's end encodes it as the client wants it. */
function plain(document: object): ApiResponse {
  return { status: 200, headers: {}, object: document as KubeObject };
}
