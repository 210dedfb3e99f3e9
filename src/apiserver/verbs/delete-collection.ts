import { hasReason } from "../../core/api-error.ts";
import type { ApiResponse } from "../request.ts";
import { negotiateObject, respondObject } from "../respond.ts";
import type { Scope } from "../scope.ts";
import type { Entry } from "../storage/entry.ts";
import { parseSelection } from "../storage/selection.ts";
import { parseDeleteOptions } from "./delete-options.ts";
import { readPage } from "./list.ts";
import { parseListOptions } from "./list-options.ts";
import { removeByKey } from "./removal.ts";

/** Objects that are deleted beside one another, so that they share the store's syncs. */
const workers = 32;

/** Deletes every selected object; answers the list of them as they were. The first failure ends it. */
export async function deleteCollection(scope: Scope): Promise<ApiResponse> {
  const negotiated = negotiateObject(scope);
  const options = parseListOptions(scope.request.query, false);
  const selection = parseSelection(scope.namespace, scope.request.query, scope.definition.strategy);
  const wish = await parseDeleteOptions(scope);
  const page = await readPage(scope, selection, options);
  const left = page.entries.values();
  const work = async (): Promise<void> => {
    for (const entry of left) await removeListed(scope, entry, wish);
  };
  await Promise.all(Array.from({ length: Math.min(workers, page.entries.length) }, work));
  const items = page.entries.map((entry) => entry.servedObject(scope.served));
  const answer = { kind: scope.definition.listKind, apiVersion: scope.served.apiVersion, metadata: page.meta, items };
  return respondObject(scope.request, answer as object, 200, { ...negotiated, as: undefined });
}

async function removeListed(scope: Scope, entry: Entry, wish: Awaited<ReturnType<typeof parseDeleteOptions>>): Promise<void> {
  try {
    await removeByKey(scope, entry.key, entry.name, { ...wish, options: { ...wish.options } });
  } catch (error) {
    // Somebody else deleted it first.
    if (!hasReason(error, "NotFound")) throw error;
  }
}
