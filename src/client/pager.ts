/** Lists in pages, so that neither side holds more than one at a time. */
import { hasReason } from "../core/api-error.ts";
import type { ListOptions, ResourceClient } from "./client.ts";

/**
 * Calls `page` with the objects of each page and answers the list's resourceVersion. `pageSize` 0: everything at once.
 * A continue token that has expired makes it list anew without pages, as client-go's pager does: `page` is then called
 * with everything again after `restart`.
 */
export async function listPages<T extends object>(
  client: ResourceClient<T>,
  options: ListOptions,
  pageSize: number,
  page: (items: readonly T[]) => void,
  restart?: () => void,
): Promise<string> {
  // A version other than "" is answered from the watch cache in one piece, whatever the limit.
  let at: ListOptions = pageSize > 0 ? { ...options, limit: pageSize } : options;
  let version: string | undefined;
  for (;;) {
    let answer: Awaited<ReturnType<typeof client.list>>;
    try {
      answer = await client.list(at);
    } catch (error) {
      if (at.continue === undefined || !hasReason(error, "Expired") || restart === undefined) throw error;
      restart();
      version = undefined;
      at = options;
      continue;
    }
    page(answer.items);
    version ??= answer.metadata.resourceVersion ?? "";
    const token = answer.metadata.continue;
    if (token === undefined || token === "") return version;
    const { resourceVersion: _version, resourceVersionMatch: _match, ...rest } = at;
    at = { ...rest, continue: token };
  }
}

/** Every object of a list, page by page. */
export async function listAll<T extends object>(client: ResourceClient<T>, options: ListOptions = {}, pageSize = 500): Promise<T[]> {
  const items: T[] = [];
  await listPages(
    client,
    options,
    pageSize,
    (page) => {
      for (const item of page) items.push(item);
    },
    () => void (items.length = 0),
  );
  return items;
}
