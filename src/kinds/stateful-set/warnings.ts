import { FieldPath } from "../../schema/field-error.ts";
import type { StatefulSet } from "../../schema/types/apps-v1.ts";
import { claimSpecWarnings } from "../persistent-volume-claim/warnings.ts";
import { workloadWarnings } from "../workload-warnings.ts";

export function statefulSetWarnings(set: StatefulSet, old: StatefulSet | undefined): string[] {
  const warnings = workloadWarnings(set, old, (s) => s.spec?.template, new FieldPath("spec.template"), false);
  set.spec?.volumeClaimTemplates?.forEach((claim, i) => {
    const at = new FieldPath("spec.volumeClaimTemplates").index(i);
    warnings.push(...claimSpecWarnings(claim.spec, old ? at.child("Spec") : at));
  });
  if ((set.spec?.revisionHistoryLimit ?? 0) < 0) {
    warnings.push("spec.revisionHistoryLimit: a negative value retains all historical revisions; a value >= 0 is recommended");
  }
  return warnings;
}
