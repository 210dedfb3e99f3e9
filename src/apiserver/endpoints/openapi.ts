/**
 * `/openapi/v2` and `/openapi/v3`. A document is made when somebody asks for it, kept as bytes as long as there is room:
 * together they are larger than everything else a quiet server holds. Its hash is drawn from what it is made of, so that the
 * index costs no document.
 */
import { createHash } from "node:crypto";
import type { Clock } from "../../core/clock.ts";
import { groupVersionPath } from "../../schema/openapi/published.ts";
import type { Descriptions, PublishedResource, PublishedSubresource } from "../../schema/openapi/published.ts";
import type { AggregatedVersion, Aggregator } from "../aggregation/aggregator.ts";
import type { OpenApiV2 } from "../aggregation/openapi-merge.ts";
import { pageNotFound } from "../discovery/endpoints.ts";
import { mediaTypeOf, notAcceptable } from "../encoding/negotiation.ts";
import type { ApiRequest, ApiResponse } from "../request.ts";
import { type ResourceDefinition, type ResourceVersion, type Subresource, subresourcesAt } from "../resource.ts";
import type { ApiServer } from "../server-interface.ts";

export interface OpenApiOptions {
  readonly clock: Clock;
  /** Changes when the documents of the same resources do: the server's version. */
  readonly build: string;
  /** What fields mean; asked for whenever a document is made. Default: what the build has laid beside the program. */
  readonly descriptions?: (() => Promise<Descriptions>) | undefined;
  /** Servers whose documents belong to it. */
  readonly aggregator?: Aggregator | undefined;
}

type OpenApiServer = Pick<ApiServer, "definitions" | "onDefinitionsChange" | "addRoute">;

const v2Protobuf = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";
const v3Protobuf = "application/com.github.proto-openapi.spec.v3.v1.0+protobuf";

/** Adds the endpoints. */
export function addOpenApi(server: OpenApiServer, options: OpenApiOptions): void {
  const openApi = new OpenApi(server, options);
  server.addRoute({ path: "/openapi/v2", handle: (request) => openApi.v2(request) });
  server.addRoute({ path: "/openapi/v3", handle: (request) => openApi.index(request) });
  server.addRoute({ path: "/openapi/v3/", handle: (request) => openApi.v3(request) });
}

interface Documents {
  readonly resources: readonly PublishedResource[];
  /** By the document's name: `apis/apps/v1`. */
  readonly groupVersions: ReadonlyMap<string, readonly PublishedResource[]>;
  readonly groups: readonly string[];
}

class OpenApi {
  readonly #server: OpenApiServer;
  readonly #options: OpenApiOptions;
  /** Bytes by hash and form, until memory is wanted for something else. What has not changed stays, whatever else changes. */
  readonly #kept = new Map<string, WeakRef<Buffer>>();
  readonly #making = new Map<string, Promise<Buffer>>();
  #documents: Documents | undefined;
  #hashes: Readonly<Record<string, string>> | undefined;

  constructor(server: OpenApiServer, options: OpenApiOptions) {
    this.#server = server;
    this.#options = options;
    server.onDefinitionsChange(() => {
      this.#documents = undefined;
      this.#hashes = undefined;
    });
  }

  async index(request: ApiRequest): Promise<ApiResponse> {
    const { openApiV3Index } = await import("../../schema/openapi/v3.ts");
    if (request.path !== "/openapi/v3") return pageNotFound();
    const own = openApiV3Index(await this.#allHashes()) as { paths: Readonly<Record<string, object>> };
    const others = this.#options.aggregator?.versions ?? [];
    // What this server describes itself stays its own.
    const paths = Object.assign({}, ...others.map((v) => v.openApiV3), own.paths) as object;
    const bytes = Buffer.from(JSON.stringify(others.length === 0 ? own : { ...own, paths }));
    return { status: 200, headers: { "content-type": "text/plain; charset=utf-8" }, bytes };
  }

  async v3(request: ApiRequest): Promise<ApiResponse> {
    const name = request.path.slice("/openapi/v3/".length).replace(/\/$/, "");
    if (name === "") return this.index({ ...request, path: "/openapi/v3" });
    const hashes = await this.#allHashes();
    const hash = Object.hasOwn(hashes, name) ? hashes[name] : undefined;
    if (hash === undefined) {
      const other = this.#options.aggregator?.versions.find((v) => Object.hasOwn(v.openApiV3, name));
      return other === undefined ? { status: 404, headers: {} } : other.remote.proxy(request);
    }
    const asked = request.query.get("hash");
    if (asked !== null && asked !== "" && asked !== hash) {
      return { status: 301, headers: { location: `/openapi/v3/${name}?hash=${hash}` } };
    }
    const expires = new Date(this.#options.clock.now() + 365 * 24 * 3600 * 1000).toUTCString();
    const caching = asked === hash ? { "cache-control": "public, immutable", expires } : { "cache-control": "no-cache, private" };
    const type = checkAccept(request, ["application/json", v3Protobuf]);
    const headers = { "content-type": type, vary: "Accept", etag: `"${hash}"`, ...caching };
    if (request.headers["if-none-match"] === headers.etag) return { status: 304, headers };
    const json = type === "application/json";
    return { status: 200, headers, bytes: await this.#keep(`v3 ${hash} ${type}`, () => this.#makeV3(name, json)) };
  }

  async v2(request: ApiRequest): Promise<ApiResponse> {
    const hash = this.#hashOfV2();
    const type = checkAccept(request, ["application/json", v2Protobuf]);
    const headers = { "content-type": type, vary: "Accept", etag: `"${hash}"` };
    if (request.headers["if-none-match"] === headers.etag) return { status: 304, headers };
    const json = type === "application/json";
    return { status: 200, headers, bytes: await this.#keep(`v2 ${hash} ${type}`, () => this.#makeV2(json)) };
  }

  async #makeV2(json: boolean): Promise<Buffer> {
    const { openApiV2 } = await import("../../schema/openapi/v2.ts");
    const own = openApiV2(this.#published().resources, await this.#descriptions());
    const others = this.#others();
    const document = others.length === 0 ? own : await mergedWith(own, others);
    if (json) return Buffer.from(JSON.stringify(document));
    const { encodeOpenApiV2 } = await import("../../schema/openapi/v2-protobuf.ts");
    return Buffer.from(encodeOpenApiV2(document));
  }

  #hashOfV2(): string {
    const own = this.#hash("v2", this.#published().resources);
    const others = this.#others();
    if (others.length === 0) return own;
    return createHash("sha512")
      .update([own, ...others.map((v) => v.openApiV2Hash)].join())
      .digest("hex")
      .toUpperCase();
  }

  /** Those that describe themselves, the first in discovery's order first. */
  #others(): AggregatedVersion[] {
    const rank = ({ remote }: AggregatedVersion): number => remote.groupPriority * 1e4 + remote.versionPriority;
    const described = (this.#options.aggregator?.versions ?? []).filter((v) => v.openApiV2 !== undefined);
    return described.sort((a, b) => rank(b) - rank(a) || (a.remote.group < b.remote.group ? -1 : 1));
  }

  async #makeV3(name: string, json: boolean): Promise<Buffer> {
    const { openApiV3, plainDocuments } = await import("../../schema/openapi/v3.ts");
    const { groupVersions, groups } = this.#published();
    const descriptions = await this.#descriptions();
    const resources = groupVersions.get(name);
    const [first] = resources ?? [];
    const document =
      first === undefined || resources === undefined
        ? plainDocuments(groups, descriptions).get(name)?.()
        : openApiV3({ group: first.group, version: first.version }, resources, descriptions);
    if (json || document === undefined) return Buffer.from(JSON.stringify(document));
    const { encodeOpenApiV3 } = await import("../../schema/openapi/v3-protobuf.ts");
    return Buffer.from(encodeOpenApiV3(document));
  }

  async #descriptions(): Promise<Descriptions> {
    const given = this.#options.descriptions;
    if (given !== undefined) return given();
    const { loadDescriptions } = await import("../../schema/openapi/descriptions.ts");
    return loadDescriptions();
  }

  #published(): Documents {
    return (this.#documents ??= publish(this.#server.definitions));
  }

  async #allHashes(): Promise<Readonly<Record<string, string>>> {
    if (this.#hashes !== undefined) return this.#hashes;
    const { plainDocumentPaths } = await import("../../schema/openapi/v3.ts");
    const { groupVersions, groups } = this.#published();
    const hashes: Record<string, string> = {};
    for (const [name, resources] of groupVersions) hashes[name] = this.#hash(name, resources);
    for (const [name] of plainDocumentPaths(groups)) hashes[name] = this.#hash(name, []);
    this.#hashes = hashes;
    return hashes;
  }

  #hash(name: string, resources: readonly PublishedResource[]): string {
    const text = JSON.stringify([this.#options.build, name, resources]);
    return createHash("sha512").update(text).digest("hex").toUpperCase();
  }

  async #keep(key: string, make: () => Promise<Buffer>): Promise<Buffer> {
    const kept = this.#kept.get(key)?.deref();
    if (kept !== undefined) return kept;
    let making = this.#making.get(key);
    if (making === undefined) {
      making = make().finally(() => this.#making.delete(key));
      this.#making.set(key, making);
    }
    const bytes = await making;
    for (const [known, reference] of this.#kept) if (reference.deref() === undefined) this.#kept.delete(known);
    this.#kept.set(key, new WeakRef(bytes));
    return bytes;
  }
}

async function mergedWith<T extends object>(own: T, others: readonly AggregatedVersion[]): Promise<T> {
  const { mergeOpenApiV2 } = await import("../aggregation/openapi-merge.ts");
  const documents = others.map((v): OpenApiV2 => v.openApiV2 ?? {});
  return mergeOpenApiV2(own as OpenApiV2, documents) as T;
}

/** The type to answer with; JSON unless the client's first choice among those we have is another. Throws 406. */
function checkAccept(request: ApiRequest, types: readonly string[]): string {
  const accept = request.headers["accept"];
  if (typeof accept !== "string" || accept === "") return types[0] as string;
  for (const clause of accept.split(",")) {
    const type = (clause.split(";")[0] ?? "").trim().replace(/spec\.(v[23])@v1\.0/, "spec.$1.v1.0");
    if (type === "*/*" || type === "application/*") return types[0] as string;
    if (types.includes(type)) return type;
  }
  throw notAcceptable([mediaTypeOf("json")]);
}

/** What is published of these definitions, in order of group, version and resource. */
export function publish(definitions: readonly ResourceDefinition[]): Documents {
  const resources = definitions.flatMap((d) => d.versions.map((version) => publishedResource(d, version)));
  const key = (r: PublishedResource): string => `${r.group}/${r.version}/${r.resource}`;
  resources.sort((a, b) => (key(a) < key(b) ? -1 : 1));
  const groupVersions = new Map<string, PublishedResource[]>();
  for (const resource of resources) {
    const name = groupVersionPath(resource);
    const list = groupVersions.get(name);
    if (list === undefined) groupVersions.set(name, [resource]);
    else list.push(resource);
  }
  // The core group has no document of its own, and neither have groups of custom resources.
  const builtin = resources.filter((r) => r.typeName !== undefined && r.group !== "");
  return { resources, groupVersions, groups: [...new Set(builtin.map((r) => r.group))] };
}

function publishedResource(d: ResourceDefinition, version: ResourceVersion): PublishedResource {
  const custom = version.codec !== undefined;
  const subresources = Object.entries(subresourcesAt(d, version.version)).sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    group: d.group,
    version: version.version,
    kind: d.kind,
    resource: d.resource,
    listKind: d.listKind,
    namespaced: d.namespaced,
    verbs: d.verbs,
    ...(custom
      ? { schema: version.openApiSchema, selectableFields: version.selectors?.selectableFieldNames }
      : { typeName: version.typeName }),
    subresources: subresources.map(([name, sub]) => publishedSubresource(d, version.version, name, sub)),
  };
}

function publishedSubresource(d: ResourceDefinition, version: string, name: string, sub: Subresource): PublishedSubresource {
  const own = { group: d.group, version, kind: d.kind };
  const { group, version: of, kind } = sub.type === "handler" ? sub : (sub.view ?? own);
  return { name, group, version: of, kind, verbs: sub.verbs };
}
