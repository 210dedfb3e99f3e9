/** What several tables say in the same words. */
import type { Container } from "../schema/types/core-v1.ts";
import type { LabelSelector } from "../schema/types/meta-v1.ts";
import { age } from "./age.ts";

interface Named {
  readonly metadata?: { readonly name?: string | undefined; readonly creationTimestamp?: string | undefined } | undefined;
}

export function nameOf(object: Named): string {
  return object.metadata?.name ?? "";
}

/** The cells of resources that say nothing more. */
export function nameAndAgeCells(object: Named, now: number): unknown[] {
  return [nameOf(object), age(object, now)];
}

/** The names and the images of containers. */
export function containerCells(containers: readonly Container[] | undefined): [names: string, images: string] {
  // A list that is required and empty is null, as Go writes it.
  if (!containers) return ["", ""];
  return [containers.map((c) => c.name).join(","), containers.map((c) => c.image ?? "").join(",")];
}

export function labelsText(labels: Readonly<Record<string, string>> | undefined): string {
  const pairs = Object.entries(labels ?? {}).map(([key, value]) => `${key}=${value}`);
  return pairs.sort().join(",") || "<none>";
}

/** A selector in the syntax of `kubectl get -l`; empty when it asks for nothing. */
export function selectorText(selector: LabelSelector | undefined): string {
  const parts: [key: string, text: string][] = Object.entries(selector?.matchLabels ?? {}).map(([k, v]) => [k, `${k}=${v}`]);
  for (const { key, operator, values } of selector?.matchExpressions ?? []) {
    const list = [...(values ?? [])].sort().join(",");
    if (operator === "In") parts.push([key, `${key} in (${list})`]);
    else if (operator === "NotIn") parts.push([key, `${key} notin (${list})`]);
    else parts.push([key, operator === "Exists" ? key : `!${key}`]);
  }
  parts.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return parts.map(([, text]) => text).join(",");
}

/** The first of a list, and how many more there are. */
export function firstOf(list: readonly string[], most: number, separator = ","): string {
  const shown = list.slice(0, most).join(separator);
  return list.length > most ? `${shown} + ${list.length - most} more...` : shown;
}

/** What an optional boolean says. */
export function booleanText(value: boolean | undefined): string {
  return value === undefined ? "<unset>" : value ? "True" : "False";
}
