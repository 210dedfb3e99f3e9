/** Fields of features that upstream has off by default in v1.36: dropped unless the old one uses them already. */
import type { PodGroupSpec, PodGroupTemplate } from "../../schema/types/scheduling-v1alpha2.ts";

const fields = ["schedulingConstraints", "resourceClaims", "disruptionMode", "priorityClassName", "priority"] as const;

type Group = Partial<Pick<PodGroupSpec & PodGroupTemplate, (typeof fields)[number]>>;

export function dropDisabledGroupFields(group: Group, old: Group | undefined): void {
  for (const field of fields) if (old?.[field] === undefined) delete group[field];
}
