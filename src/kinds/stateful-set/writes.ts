import type { StatefulSet } from "../../schema/types/apps-v1.ts";
import type { Kind } from "../kind.ts";
import { specAndStatus } from "../update-rules.ts";

const usual = specAndStatus<StatefulSet>({ generation: true, emptyStatus: () => ({ replicas: 0, availableReplicas: 0 }) });

/** `maxUnavailable` of a rolling update is off (KEP-961): it is dropped unless it is in use already. */
export const statefulSetWrites: Pick<
  Kind<StatefulSet>,
  "generation" | "prepareForCreate" | "prepareForUpdate" | "prepareForStatusUpdate"
> = {
  ...usual,
  prepareForCreate(set): void {
    dropMaxUnavailable(set, undefined);
    usual.prepareForCreate?.(set);
  },
  prepareForUpdate(set, old): void {
    dropMaxUnavailable(set, old);
    usual.prepareForUpdate?.(set, old);
  },
};

function dropMaxUnavailable(set: StatefulSet, old: StatefulSet | undefined): void {
  const rolling = set.spec?.updateStrategy?.rollingUpdate;
  if (rolling && old?.spec?.updateStrategy?.rollingUpdate?.maxUnavailable === undefined) delete rolling.maxUnavailable;
}
