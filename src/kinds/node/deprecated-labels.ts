/** Labels of nodes that have newer names: selectors that use them get a warning. */
import type { FieldPath } from "../../schema/field-error.ts";
import { labelValue } from "../../core/names.ts";
import type { NodeSelectorTerm } from "../../schema/types/core-v1.ts";

const messages: Readonly<Record<string, string>> = {
  "beta.kubernetes.io/arch": 'deprecated since v1.14; use "kubernetes.io/arch" instead',
  "beta.kubernetes.io/os": 'deprecated since v1.14; use "kubernetes.io/os" instead',
  "failure-domain.beta.kubernetes.io/region": 'deprecated since v1.17; use "topology.kubernetes.io/region" instead',
  "failure-domain.beta.kubernetes.io/zone": 'deprecated since v1.17; use "topology.kubernetes.io/zone" instead',
  "beta.kubernetes.io/instance-type": 'deprecated since v1.17; use "node.kubernetes.io/instance-type" instead',
  "app.kubernetes.io/created-by": "deprecated since v1.9",
  "scheduler.alpha.kubernetes.io/preferAvoidPods": "deprecated since v1.22; use Taints and Tolerations instead",
  "node-role.kubernetes.io/master": 'use "node-role.kubernetes.io/control-plane" instead',
};

/** What to say of a node label, if it is an old one. */
export function nodeLabelWarning(key: string): string | undefined {
  return Object.hasOwn(messages, key) ? messages[key] : undefined;
}

/** Warnings about one term. `checkValues`: preferred terms may hold values that match nothing. */
export function nodeSelectorTermWarnings(term: NodeSelectorTerm, checkValues: boolean, path: FieldPath): string[] {
  const warnings: string[] = [];
  term.matchExpressions?.forEach(({ key, values }, i) => {
    const at = path.child("matchExpressions").index(i);
    const message = nodeLabelWarning(key);
    if (message !== undefined) warnings.push(`${at.child("key").toString()}: ${key} is ${message}`);
    if (!checkValues) return;
    values?.forEach((value, j) => {
      for (const wrong of labelValue(value)) warnings.push(`${at.child("values").index(j).toString()}: ${value} is invalid, ${wrong}`);
    });
  });
  return warnings;
}
