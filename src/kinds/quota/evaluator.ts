/** What quota knows of a resource: which operations count, which names it is counted under, and how much an object uses. */
import type { UnstructuredObject } from "../../schema/object.ts";
import type { Amounts } from "./amounts.ts";
import type { ScopeSelector } from "./scopes.ts";

/** What usage may depend on beside the object. */
export interface QuotaContext {
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** Known where resource claims are counted, and devices can be asked for as extended resources (KEP-5004). */
  readonly devices?: DeviceContext | undefined;
}

export interface DeviceContext {
  /** The extended resource that a device class stands for. */
  extendedResourceOf(deviceClass: string): string | undefined;
  /** Whether a device class stands for this extended resource. */
  isDevice(extendedResource: string): boolean;
  /** The pod that a claim was made for because of its extended resources, and the claims of that pod. */
  podOf(claim: UnstructuredObject): { readonly pod: UnstructuredObject; readonly claims: readonly UnstructuredObject[] } | undefined;
}

export interface QuotaOperation {
  readonly operation: "CREATE" | "UPDATE" | "DELETE" | "CONNECT";
  readonly subresource: string;
  readonly object?: UnstructuredObject | undefined;
  readonly oldObject?: UnstructuredObject | undefined;
}

export interface QuotaEvaluator {
  readonly group: string;
  readonly resource: string;
  /** Whether the operation can change what is used. */
  handles(operation: QuotaOperation): boolean;
  /** Those of the names that this resource is counted under. */
  matching(names: readonly string[], context: QuotaContext): string[];
  /** Absent: no scope is about this resource. Throws ScopeSelectorError. */
  inScope?(scope: ScopeSelector, object: UnstructuredObject): boolean;
  usage(object: UnstructuredObject, context: QuotaContext): Amounts;
  /** What the object must say when these names are limited, and does not. */
  missing?(names: readonly string[], object: UnstructuredObject): string | undefined;
  /** An update that may free something: the quota is counted anew. */
  frees?(object: UnstructuredObject, old: UnstructuredObject, now: number): boolean;
}

/** `count/deployments.apps`. */
export function countName(group: string, resource: string): string {
  return group === "" ? `count/${resource}` : `count/${resource}.${group}`;
}

/** Those of `names` that are in `known`, each once, in order. */
export function intersection(names: readonly string[], known: readonly string[]): string[] {
  return [...new Set(names)].filter((name) => known.includes(name)).sort();
}
