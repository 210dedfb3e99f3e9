import { badRequest, notFound } from "../../core/api-error.ts";
import type { ApiResponse } from "../request.ts";
import { negotiateObject, respondEntry } from "../respond.ts";
import type { Scope } from "../scope.ts";
import { parseBoolean } from "./options.ts";
import { parseRevisionBare } from "./list-options.ts";

export function get(scope: Scope): Promise<ApiResponse> {
  const { request, storage } = scope;
  const negotiated = negotiateObject(scope);
  let wait: Promise<void> | undefined;
  if (request.query.size > 0) {
    if (parseBoolean(request.query, "export") === true) {
      throw badRequest("the export parameter, deprecated since v1.14, is no longer supported");
    }
    const revision = parseRevisionBare(request.query);
    // Any state will do for "0"; a revision is waited for; nothing means the newest.
    if (revision !== undefined && revision > 0)
      wait = (storage.cache.ready() ?? Promise.resolve()).then(() => storage.cache.waitFor(revision));
    else wait = revision === 0 ? storage.cache.ready() : storage.fresh();
  } else wait = storage.fresh();
  if (wait !== undefined) return wait.then(() => found(scope, negotiated));
  return found(scope, negotiated);
}

function found(scope: Scope, negotiated: ReturnType<typeof negotiateObject>): Promise<ApiResponse> {
  const entry = scope.storage.cache.get(scope.key);
  if (entry === undefined) throw notFound(scope.about, scope.name);
  return respondEntry(scope, entry, 200, negotiated);
}
