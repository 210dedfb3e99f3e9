/** The parts of metadata that belong to the server. */
import { randomFillSync, randomUUID } from "node:crypto";
import { badRequest } from "../../core/api-error.ts";
import type { UnstructuredObject } from "../../schema/object.ts";
import type { ObjectMeta, OwnerReference } from "../../schema/types/meta-v1.ts";
import type { Scope } from "../scope.ts";

/** The metadata of a decoded body, made when it has none. */
export function metadataOf(object: UnstructuredObject): ObjectMeta {
  return (object.metadata ??= {} as ObjectMeta);
}

/** Takes away what a client may not say about a new object. */
export function wipeSystemFields(meta: ObjectMeta): void {
  delete meta.creationTimestamp;
  delete meta.uid;
  delete meta.deletionTimestamp;
  delete meta.deletionGracePeriodSeconds;
  dropUnsupported(meta);
}

/** selfLink is gone for good. */
export function dropUnsupported(meta: ObjectMeta): void {
  delete meta.selfLink;
}

export function fillSystemFields(scope: Scope, meta: ObjectMeta): void {
  meta.creationTimestamp = scope.timestamp();
  meta.uid = randomUUID();
}

const alphabet = "bcdfghjklmnpqrstvwxz2456789";
const randomBytes = new Uint8Array(512);
let randomAt = randomBytes.length;

function randomByte(): number {
  if (randomAt === randomBytes.length) {
    randomFillSync(randomBytes);
    randomAt = 0;
  }
  return randomBytes[randomAt++] as number;
}

/** `base` and five characters without vowels, at most 63 in all. */
export function generateName(base: string): string {
  let name = base.slice(0, 58);
  for (let i = 0; i < 5; ) {
    const byte = randomByte();
    // 243 is the largest multiple of 27 below 256: every character is as likely.
    if (byte >= 243) continue;
    name += alphabet[byte % 27];
    i++;
  }
  return name;
}

/** Fills in the request's namespace, or refuses another one. */
export function ensureNamespace(scope: Scope, meta: ObjectMeta, requested: string): void {
  if (!scope.definition.namespaced) {
    delete meta.namespace;
    return;
  }
  if (meta.namespace === undefined || meta.namespace === "") {
    meta.namespace = requested;
    return;
  }
  if (meta.namespace !== requested) {
    throw badRequest("the namespace of the provided object does not match the namespace sent on the request");
  }
}

/** Refuses an object whose name is not that of the path. */
export function ensureName(meta: ObjectMeta, name: string): void {
  if (meta.name === undefined || meta.name === "") {
    throw badRequest(`the name of the object (${name} based on URL) was undeterminable: name must be provided`);
  }
  if (meta.name !== name) throw badRequest(`the name of the object (${meta.name}) does not match the name on the URL (${name})`);
}

/** Drops owner references that are there twice, with a warning. */
export function dedupOwnerReferences(scope: Scope, meta: ObjectMeta, afterAdmission: boolean): void {
  const references = meta.ownerReferences;
  if (references === undefined || references.length < 2) return;
  const seen = new Set<string>();
  const kept: OwnerReference[] = [];
  const duplicates: string[] = [];
  for (const reference of references) {
    const text = JSON.stringify(reference);
    if (seen.has(text)) duplicates.push(reference.uid);
    else kept.push(reference);
    seen.add(text);
  }
  if (duplicates.length === 0) return;
  meta.ownerReferences = kept;
  const uids = duplicates.join(", ");
  scope.request.warnings.push(
    afterAdmission
      ? `.metadata.ownerReferences contains duplicate entries after mutating admission happens; API server dedups owner references in 1.20+, and may reject such requests as early as 1.24; please fix your requests; duplicate UID(s) observed: ${uids}`
      : `.metadata.ownerReferences contains duplicate entries; API server dedups owner references in 1.20+, and may reject such requests as early as 1.24; please fix your requests; duplicate UID(s) observed: ${uids}`,
  );
}
