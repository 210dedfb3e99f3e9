import { ApiError, badRequest } from "../../core/api-error.ts";
import type { KubeList, KubeObject } from "../../schema/object.ts";
import type { OrderedMap } from "../../store/ordered-map.ts";
import { prefixEnd } from "../../store/ordered-map.ts";
import { type FrameFormat, itemsBytes, listBytes, listPieces, type ListMetaFields } from "../encoding/frames.ts";
import type { Negotiated } from "../encoding/negotiation.ts";
import { asPartialObjectMetadataList, asTable, includeObjectOf } from "../encoding/transformations.ts";
import type { ApiResponse } from "../request.ts";
import { contentHeaders, negotiateObject, respondObject } from "../respond.ts";
import type { Scope } from "../scope.ts";
import { continueExpired, decodeContinue, encodeContinue } from "../storage/continue-token.ts";
import type { Entry } from "../storage/entry.ts";
import type { PageEntries } from "../storage/page-cache.ts";
import type { ResourceCache } from "../storage/resource-cache.ts";
import { parseSelection, type Selection } from "../storage/selection.ts";
import { isCompacted } from "../storage/store-errors.ts";
import { type ListOptions, parseListOptions } from "./list-options.ts";

/** One page of a list. */
export interface Page {
  readonly entries: readonly Entry[];
  readonly meta: ListMetaFields;
  /** Set when the page is what is there now: equal values mean equal pages. */
  readonly cacheKey: string | undefined;
}

export async function list(scope: Scope): Promise<ApiResponse> {
  const negotiated = negotiateObject(scope);
  const options = parseListOptions(scope.request.query, false);
  const selection = parseSelection(scope.namespace, scope.request.query, scope.selectors);
  const page = await readPage(scope, selection, options);
  scope.state.metrics.lists.listed(scope.definition, page.entries.length, page.entries.length);
  return respondPage(scope, page, negotiated);
}

/** Reads a page as `resourceVersion`, `resourceVersionMatch`, `limit` and `continue` want it. */
export async function readPage(scope: Scope, selection: Selection, options: ListOptions): Promise<Page> {
  const { cache } = scope.storage;
  const loading = cache.ready();
  if (loading !== undefined) await loading;
  let { limit } = options;
  let start = "";
  let revision: number | undefined;
  if (options.continue !== "") {
    if (options.revision !== undefined && options.revision !== 0) {
      throw badRequest("specifying resource version is not allowed when using continue");
    }
    const token = decodeContinue(options.continue);
    start = selection.prefix + token.start;
    if (token.revision > 0) {
      revision = token.revision;
      const stored = cache.storedTreeAt(revision);
      if (stored === undefined && revision < cache.oldest) throw continueExpired(token.start);
      if (stored !== undefined) {
        const tree = await stored.catch((error: unknown) => {
          throw isCompacted(error) ? continueExpired(token.start) : error;
        });
        return takePage(scope, selection, tree, revision, start, limit);
      }
      const waiting = cache.waitFor(revision);
      if (waiting !== undefined) await waiting;
    }
    // "Whatever is at hand" is given whole, as without a token.
    if (options.revision === 0) limit = 0;
  } else if (options.match === "Exact" || (options.match === "" && limit > 0 && (options.revision ?? 0) > 0)) {
    revision = options.revision;
  } else if (options.revision === 0 && options.match === "") limit = 0;
  if (options.revision === undefined) {
    const { clock } = scope.state.options;
    const fresh = scope.storage.fresh();
    const asked = fresh === undefined ? 0 : clock.monotonic();
    if (fresh !== undefined) await fresh;
    scope.state.metrics.lists.consistent(scope.definition, fresh === undefined ? 0 : (clock.monotonic() - asked) / 1000);
  } else {
    const waiting = cache.waitFor(options.revision);
    if (waiting !== undefined) await waiting;
  }
  const building = cache.indexes.prepare(selection);
  if (building !== undefined) await building;
  const tree =
    revision === undefined || revision === cache.revision ? cache.tree : ((await cache.storedTreeAt(revision)) ?? cache.treeAt(revision));
  return takePage(scope, selection, tree, revision ?? cache.revision, start, limit);
}

function takePage(scope: Scope, selection: Selection, tree: OrderedMap<Entry>, revision: number, start: string, limit: number): Page {
  const { cache } = scope.storage;
  const { prefix } = selection;
  const single = selection.singleName;
  if (single !== undefined && (!scope.definition.namespaced || prefix !== "")) {
    const entry = tree.get(prefix + single);
    const entries = entry !== undefined && entry.key >= start && selection.matches(entry) ? [entry] : [];
    return { entries, meta: { resourceVersion: String(revision) }, cacheKey: undefined };
  }
  const find = (): PageEntries => findEntries(cache, selection, tree, start, limit);
  const cacheKey = tree === cache.tree && selection.everything ? `${prefix}\u0000${start}\u0000${limit}` : undefined;
  const { entries, more } = cacheKey === undefined ? find() : scope.storage.pages.entries(cacheKey, cache.changes, find);
  if (!more) return { entries, meta: { resourceVersion: String(revision) }, cacheKey };
  const last = (entries.at(-1) as Entry).key;
  const meta: ListMetaFields = {
    resourceVersion: String(revision),
    continue: encodeContinue({ revision, start: `${last.slice(prefix.length)}\u0000` }),
    ...(selection.everything ? { remainingItemCount: countAfter(scope, tree, prefix, last, start, entries.length) } : {}),
  };
  return { entries, meta, cacheKey };
}

/** The selected from `start` on, as many as `limit` allows (0: all). */
function findEntries(cache: ResourceCache, selection: Selection, tree: OrderedMap<Entry>, start: string, limit: number): PageEntries {
  const entries: Entry[] = [];
  let more = false;
  const found = tree === cache.tree ? cache.indexes.find(selection) : undefined;
  const visit = (entry: Entry): boolean => {
    if (found?.exact !== true && !selection.matches(entry)) return false;
    if (limit > 0 && entries.length === limit) {
      more = true;
      return true;
    }
    entries.push(entry);
    return false;
  };
  if (found === undefined) cache.scan(tree, selection.prefix, start, visit);
  else for (const key of found.keys) if (key >= start && visit(tree.get(key) as Entry)) break;
  return { entries, more };
}

/** How many objects of the prefix come after `last`. */
function countAfter(scope: Scope, tree: OrderedMap<Entry>, prefix: string, last: string, start: string, taken: number): number {
  const { cache } = scope.storage;
  if (tree === cache.tree && start === "") return cache.count(prefix === "" ? "" : prefix.slice(0, -1)) - taken;
  return tree.forRange(`${last}\u0000`, prefixEnd(prefix), false);
}

/** Longer lists are made while they are sent: many of them at once, or one of a hundred thousand objects, would fill the memory. */
const wholeItems = 5000;

/** A page in the negotiated form. */
export async function respondPage(scope: Scope, page: Page, negotiated: Negotiated): Promise<ApiResponse> {
  const { request, served } = scope;
  const { as, format } = negotiated;
  if (as === undefined && request.inProcess !== true && format !== "yaml" && !negotiated.pretty) {
    if (format === "json" && page.entries.length > wholeItems && request.audit?.wantsResponse !== true) {
      return { status: 200, headers: contentHeaders(format), pieces: listPieces(served, page.entries, page.meta) };
    }
    const bytes = (as: FrameFormat): readonly Uint8Array[] => listBytes(served, pageItems(scope, page, as), page.meta, as);
    const audited = request.audit?.wantsResponse === true ? { bytes: () => bytes("json") } : undefined;
    return { status: 200, headers: contentHeaders(format), bytes: bytes(format), audited };
  }
  const objects = page.entries.map((entry) => entry.servedObject(served));
  if (as?.kind === "Table") {
    const includeObject = includeObjectOf(request.query);
    const now = scope.state.options.clock.now();
    const { rowOrder } = served.version;
    const rows = rowOrder === undefined ? objects : objects.toSorted(rowOrder);
    return respondObject(request, asTable(served.version, rows, page.meta, { includeObject, version: as.version, now }), 200, negotiated);
  }
  if (as?.kind === "PartialObjectMetadata") {
    const list = served.internalName(scope.definition.listKind);
    throw new ApiError(406, "NotAcceptable", `you requested PartialObjectMetadata, but the requested object is a list (*${list})`);
  }
  if (as !== undefined) return respondObject(request, asPartialObjectMetadataList(objects, page.meta, as.version), 200, negotiated);
  const answer: KubeList<KubeObject> = {
    kind: scope.definition.listKind,
    apiVersion: served.apiVersion,
    metadata: page.meta as KubeList<KubeObject>["metadata"],
    items: objects,
  };
  if (request.inProcess === true) {
    Object.freeze(objects);
    const audited = request.audit === undefined ? undefined : { object: answer as KubeObject };
    return { status: 200, headers: {}, object: Object.freeze(answer) as KubeObject, audited };
  }
  // Items of built-in types carry no kind of their own, however they are written.
  const bare =
    served.version.codec === undefined
      ? { ...answer, items: objects.map(({ kind: _kind, apiVersion: _apiVersion, ...rest }) => rest) }
      : answer;
  return respondObject(request, bare as KubeObject, 200, negotiated);
}

/** The encoded items: those of pages that were asked for lately are kept while nothing changes. */
function pageItems(scope: Scope, page: Page, format: FrameFormat): Buffer {
  const { served, storage } = scope;
  if (page.cacheKey === undefined || page.entries.length < 20) return itemsBytes(served, page.entries, format);
  return storage.pages.get(`${served.apiVersion} ${format} ${page.cacheKey}`, storage.cache.changes, () =>
    itemsBytes(served, page.entries, format),
  );
}
