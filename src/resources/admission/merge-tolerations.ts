import { semanticEqual } from "../../kinds/semantic-equal.ts";
import type { Toleration } from "../../schema/types/core-v1.ts";

/** Both lists as one; what another toleration contains is left out, and of equal ones the first stays. */
export function mergeTolerations(first: readonly Toleration[], second: readonly Toleration[]): Toleration[] {
  const all = [...first, ...second];
  const merged: Toleration[] = [];
  all.forEach((toleration, i) => {
    if (merged.some((other) => contains(other, toleration))) return;
    if (all.slice(i + 1).some((other) => !semanticEqual(other, toleration) && contains(other, toleration))) return;
    merged.push(toleration);
  });
  return merged;
}

/** Whether each of the tolerations is contained in one of the list. */
export function areAllowed(tolerations: readonly Toleration[], allowed: readonly Toleration[]): boolean {
  return allowed.length === 0 || tolerations.every((t) => allowed.some((other) => contains(other, t)));
}

/** `a` tolerates everything that `b` does. */
function contains(a: Toleration, b: Toleration): boolean {
  if (semanticEqual(a, b)) return true;
  const [key, effect, operator] = [a.key ?? "", a.effect ?? "", a.operator ?? ""];
  if (key !== (b.key ?? "") && (key !== "" || operator !== "Exists")) return false;
  if (effect !== "" && effect !== (b.effect ?? "")) return false;
  if (effect === "NoExecute" && a.tolerationSeconds !== undefined) {
    if (b.tolerationSeconds === undefined || Number(b.tolerationSeconds) > Number(a.tolerationSeconds)) return false;
  }
  if (operator === "" || operator === "Equal") return b.operator === "Equal" && (a.value ?? "") === (b.value ?? "");
  return operator === "Exists";
}
