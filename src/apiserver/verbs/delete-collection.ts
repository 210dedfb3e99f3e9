import { hasReason } from "../../core/api-error.ts";
import type { ApiResponse } from "../request.ts";
import { negotiateObject } from "../respond.ts";
import type { Scope } from "../scope.ts";
import type { Entry } from "../storage/entry.ts";
import { parseSelection } from "../storage/selection.ts";
import { parseDeleteOptions } from "./delete-options.ts";
import { readPage, respondPage } from "./list.ts";
import { parseListOptions } from "./list-options.ts";
import { removeByKey } from "./removal.ts";

/** Objects that are deleted beside one another where nothing else is said, so that they share the store's syncs. */
const workers = 32;

/** Deletes every selected object; answers the list of them as they were. The first failure ends it. */
export async function deleteCollection(scope: Scope): Promise<ApiResponse> {
  const negotiated = negotiateObject(scope);
  const options = parseListOptions(scope.request.query, false);
  const selection = parseSelection(scope.namespace, scope.request.query, scope.selectors);
  const wish = await parseDeleteOptions(scope);
  const page = await readPage(scope, selection, options);
  const left = page.entries.values();
  const work = async (): Promise<void> => {
    for (const entry of left) await removeListed(scope, entry, wish);
  };
  await Promise.all(Array.from({ length: Math.min(scope.state.options.deleteCollectionWorkers ?? workers, page.entries.length) }, work));
  return respondPage(scope, { ...page, cacheKey: undefined }, negotiated);
}

async function removeListed(scope: Scope, entry: Entry, wish: Awaited<ReturnType<typeof parseDeleteOptions>>): Promise<void> {
  try {
    await removeByKey(scope, entry.key, entry.name, { ...wish, options: { ...wish.options } });
  } catch (error) {
    // Somebody else deleted it first.
    if (!hasReason(error, "NotFound")) throw error;
  }
}
