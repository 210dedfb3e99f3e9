import { badRequest } from "../../core/api-error.ts";
import type { ApiResponse } from "../request.ts";
import { negotiateObject, respondEntry } from "../respond.ts";
import type { Scope } from "../scope.ts";
import { auditDefaulted } from "./audited-body.ts";
import { decodeBody } from "./body.ts";
import { managerOf } from "./field-managers.ts";
import { dedupOwnerReferences, ensureNamespace, metadataOf, wipeSystemFields } from "./metadata.ts";
import { parseWriteOptions } from "./options.ts";
import { trackUpdate } from "./ownership.ts";
import { createObject } from "./write.ts";

export async function create(scope: Scope): Promise<ApiResponse> {
  const { request, served } = scope;
  const negotiated = negotiateObject(scope);
  const options = parseWriteOptions(request.query, "CreateOptions");
  const type = {
    kind: served.definition.kind,
    apiVersion: served.apiVersion,
    typeName: served.version.typeName,
    codec: served.version.codec,
  };
  const decoded = await decodeBody(request, type, options.fieldValidation, scope.state.maxBodyBytes);
  if (request.audit?.wantsRequest === true) auditDefaulted(scope);
  const object = served.toStorage(decoded);
  const meta = metadataOf(object);
  wipeSystemFields(meta);
  if (scope.definition.namespaced && scope.namespace === "") throw badRequest("an empty namespace may not be set during creation");
  ensureNamespace(scope, meta, scope.namespace);
  dedupOwnerReferences(scope, meta, false);
  scope.strategy.setDefaults?.(object);
  trackUpdate(scope, undefined, object, managerOf(request, options.fieldManager));
  const entry = await createObject(scope, object, options.dryRun);
  return respondEntry(scope, entry, 201, negotiated);
}
