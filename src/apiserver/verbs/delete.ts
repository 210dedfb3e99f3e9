import type { ApiResponse } from "../request.ts";
import { negotiateObject, respondEntry, respondObject } from "../respond.ts";
import type { Scope } from "../scope.ts";
import { successStatus } from "../status.ts";
import { parseDeleteOptions } from "./delete-options.ts";
import { removeObject } from "./removal.ts";

export async function remove(scope: Scope): Promise<ApiResponse> {
  const negotiated = negotiateObject(scope);
  const wish = await parseDeleteOptions(scope);
  const { entry, gone } = await removeObject(scope, scope.name, wish);
  const code = !gone && wish.options.orphanDependents === false ? 202 : 200;
  if (!gone || scope.definition.strategy.answersDeletedObject === true) return respondEntry(scope, entry, code, negotiated);
  const { group, resource } = scope.about;
  const uid = entry.peek().metadata?.uid;
  const status = successStatus({
    name: entry.name,
    ...(group === "" ? {} : { group }),
    kind: resource,
    ...(uid === undefined ? {} : { uid }),
  });
  return respondObject(scope.request, status, code, negotiated);
}
