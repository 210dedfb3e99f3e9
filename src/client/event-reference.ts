/** Whom an event is about, and the name it gets. */
import { randomUUID } from "node:crypto";
import type { KubeObject } from "../schema/object.ts";
import type { ObjectReference } from "../schema/types/core-v1.ts";

/** Undefined when the object does not say what it is. */
export function referenceTo(object: KubeObject, fieldPath?: string): ObjectReference | undefined {
  const { apiVersion, kind, metadata } = object;
  if (!apiVersion || !kind) return undefined;
  return {
    kind,
    ...(metadata?.namespace ? { namespace: metadata.namespace } : {}),
    ...(metadata?.name ? { name: metadata.name } : {}),
    ...(metadata?.uid ? { uid: metadata.uid } : {}),
    apiVersion,
    ...(metadata?.resourceVersion ? { resourceVersion: metadata.resourceVersion } : {}),
    ...(fieldPath ? { fieldPath } : {}),
  };
}

let last = 0n;

/** `NAME.HEX`, the time in nanoseconds, distinct within this process. A name that would be too long becomes a UUID. */
export function eventName(about: string, now: number): string {
  const nanos = BigInt(Math.floor(now)) * 1_000_000n;
  last = nanos > last ? nanos : last + 1n;
  const name = `${about}.${last.toString(16)}`;
  return name.length <= 253 && /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/.test(name) ? name : randomUUID();
}

/** Where an event about this object lives. */
export function eventNamespace(reference: ObjectReference): string {
  return reference.namespace || "default";
}
