import type { NetworkPolicy } from "../../schema/types/networking-v1.ts";
import { age } from "../age.ts";
import { nameOf, selectorText } from "../cell-text.ts";

export function networkPolicyCells(policy: NetworkPolicy, now: number): unknown[] {
  return [nameOf(policy), selectorText(policy.spec?.podSelector) || "<none>", age(policy, now)];
}
