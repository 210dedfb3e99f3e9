/** Label selection for controllers; an empty selector selects nothing here, as upstream's controllers hold it. */
import { labelSelectorMatcher } from "../schema/label-selector.ts";
import type { LabelSelector } from "../schema/types/meta-v1.ts";

type Labels = Readonly<Record<string, string>>;

const compiled = new WeakMap<LabelSelector, (labels: Labels) => boolean>();

/** Selectors of cached objects are frozen and live as long as the object: each is compiled once. */
export function selects(selector: LabelSelector | undefined, labels: Labels): boolean {
  if (selector === undefined) return false;
  let matches = compiled.get(selector);
  if (matches === undefined) {
    matches = compile(selector);
    compiled.set(selector, matches);
  }
  return matches(labels);
}

function compile(selector: LabelSelector): (labels: Labels) => boolean {
  if ((selector.matchExpressions ?? []).length === 0) {
    const pairs = Object.entries(selector.matchLabels ?? {});
    return (labels) => pairs.length > 0 && pairs.every(([k, v]) => labels[k] === v);
  }
  const matcher = labelSelectorMatcher(selector);
  return (labels) => matcher.matches(labels);
}

/** Selection by a plain map (services, replication controllers). */
export function selectsByMap(selector: Labels | undefined, labels: Labels): boolean {
  if (selector === undefined) return false;
  let any = false;
  for (const key of Object.keys(selector)) {
    if (labels[key] !== selector[key]) return false;
    any = true;
  }
  return any;
}
