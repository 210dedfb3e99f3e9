/**
 * What a check of the Pod Security Standards is (KEP-2579): one rule, of a level, with the revisions it had over the
 * versions of the policy. A revision applies from its `since` (a minor of v1) to the next one's.
 */
import type { Container, EphemeralContainer, PodSpec, SecurityContext } from "../../schema/types/core-v1.ts";
import type { ObjectMeta } from "../../schema/types/meta-v1.ts";

/** Why a pod is not allowed: `reason` is told of many pods at once, `detail` of a single one. */
export interface Violation {
  readonly reason: string;
  readonly detail: string;
}

/** Undefined: allowed. */
export type PodCheck = (metadata: ObjectMeta, spec: PodSpec) => Violation | undefined;

export interface Revision {
  /** The first minor of v1 that it applies to. */
  readonly since: number;
  readonly check: PodCheck;
}

export interface Check {
  /** Checks of a level are told in the order of their ids. */
  readonly id: string;
  readonly level: "baseline" | "restricted";
  readonly revisions: readonly Revision[];
  /** The baseline check that a restricted one contains: not run beside it. */
  readonly overrides?: string;
}

export type AnyContainer = Container | EphemeralContainer;

/** Init, usual and ephemeral containers, in this order. */
export function containersOf(spec: PodSpec): AnyContainer[] {
  // A pod without containers is refused by validation, which may run later.
  const containers = (spec.containers as Container[] | undefined) ?? [];
  if (spec.initContainers === undefined && spec.ephemeralContainers === undefined) return containers;
  return [...(spec.initContainers ?? []), ...containers, ...(spec.ephemeralContainers ?? [])];
}

/** Names of the containers whose security context is refused. */
export function containersWhere(spec: PodSpec, bad: (security: SecurityContext) => boolean): string[] {
  return containersOf(spec)
    .filter((c) => c.securityContext !== undefined && bad(c.securityContext))
    .map((c) => c.name);
}

/** `"a", "b"`. */
export function quoted(items: readonly string[]): string {
  return items.map((item) => `"${item}"`).join(", ");
}

/** Each once, in the order of their bytes. */
export function distinct(items: Iterable<string>): string[] {
  return [...new Set(items)].sort((a, b) => (a < b ? -1 : 1));
}

export function plural(singular: string, many: string, count: number): string {
  return count === 1 ? singular : many;
}

/** `container "a"`, `containers "a", "b"`. */
export function theContainers(names: readonly string[]): string {
  return `${plural("container", "containers", names.length)} ${quoted(names)}`;
}

/** `pod and containers "a", "b"`: who set something; empty when nobody did. */
export function setters(pod: boolean, containers: readonly string[]): string[] {
  return [...(pod ? ["pod"] : []), ...(containers.length === 0 ? [] : [theContainers(containers)])];
}

/** The pod has a user namespace of its own: root inside is nobody outside (KEP-127). */
export function inUserNamespace(spec: PodSpec): boolean {
  return spec.hostUsers === false;
}

/** Windows pods have no such field: validation refuses it. From v1.25 they are let through. */
export function unlessWindows(check: PodCheck): PodCheck {
  return (metadata, spec) => (spec.os?.name === "windows" ? undefined : check(metadata, spec));
}

/** From v1.35 pods in a user namespace are let through. */
export function unlessInUserNamespace(check: PodCheck): PodCheck {
  return (metadata, spec) => (inUserNamespace(spec) ? undefined : check(metadata, spec));
}
