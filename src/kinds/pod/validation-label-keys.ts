/** `matchLabelKeys` and `mismatchLabelKeys` beside a label selector. */
import type { FieldError, FieldPath } from "../../schema/field-error.ts";
import { forbiddenField, invalidField } from "../../schema/field-error.ts";
import type { LabelSelector } from "../../schema/types/meta-v1.ts";
import { validateLabelName } from "../object-meta.ts";

interface WithLabelKeys {
  readonly labelSelector?: LabelSelector | undefined;
  readonly matchLabelKeys?: readonly string[] | undefined;
  readonly mismatchLabelKeys?: readonly string[] | undefined;
}

export function validateLabelKeys(term: WithLabelKeys, path: FieldPath, errors: FieldError[]): void {
  const { labelSelector: selector, matchLabelKeys: match = [], mismatchLabelKeys: mismatch = [] } = term;
  if (match.length === 0 && mismatch.length === 0) return;
  validateKeys(match, selector, path.child("matchLabelKeys"), errors);
  validateKeys(mismatch, selector, path.child("mismatchLabelKeys"), errors);
  if (selector) {
    // The server adds one requirement for each key: a second one on the same key is the user's.
    const known = new Set(Object.keys(selector.matchLabels ?? {}));
    for (const { key } of selector.matchExpressions ?? []) {
      const at = match.lastIndexOf(key);
      if (at >= 0 && known.has(key)) {
        errors.push(invalidField(path.index(at), key, "exists in both matchLabelKeys and labelSelector", "duplicatedLabelKeys"));
      }
      known.add(key);
    }
  }
  match.forEach((key, i) => {
    if (!mismatch.includes(key)) return;
    const at = path.child("matchLabelKeys").index(i);
    errors.push(invalidField(at, key, "exists in both matchLabelKeys and mismatchLabelKeys", "duplicatedMismatchLabelKeys"));
  });
}

function validateKeys(keys: readonly string[], selector: LabelSelector | undefined, path: FieldPath, errors: FieldError[]): void {
  if (keys.length === 0) return;
  if (!selector) errors.push(forbiddenField(path, "must not be specified when labelSelector is not set"));
  else keys.forEach((key, i) => validateLabelName(key, path.index(i), errors));
}

/** The rule of before label keys were merged into selectors: for pods that were created under it. */
export function validateLabelKeysLegacy(term: WithLabelKeys, path: FieldPath, errors: FieldError[]): void {
  const keys = term.matchLabelKeys ?? [];
  if (keys.length === 0) return;
  const selector = term.labelSelector;
  if (!selector) errors.push(forbiddenField(path, "must not be specified when labelSelector is not set"));
  const known = new Set([...Object.keys(selector?.matchLabels ?? {}), ...(selector?.matchExpressions ?? []).map((e) => e.key)]);
  keys.forEach((key, i) => {
    validateLabelName(key, path.index(i), errors);
    if (known.has(key)) {
      errors.push(invalidField(path.index(i), key, "exists in both matchLabelKeys and labelSelector", "duplicatedLabelKeys"));
    }
  });
}
