import type { DaemonSet } from "../../schema/types/apps-v1.ts";
import type { Kind } from "../kind.ts";
import { semanticEqual } from "../semantic-equal.ts";
import { countGeneration, keepField, startGeneration } from "../update-rules.ts";

/** Counts changes of the template; once a field, kept for clients of old versions. */
const templateGeneration = "deprecated.daemonset.template.generation";

type Hooks = "generation" | "prepareForCreate" | "prepareForUpdate" | "prepareForStatusUpdate";

export const daemonSetWrites: Pick<Kind<DaemonSet>, Hooks> = {
  generation: true,
  prepareForCreate(set): void {
    set.status = { currentNumberScheduled: 0, desiredNumberScheduled: 0, numberMisscheduled: 0, numberReady: 0 };
    startGeneration(set);
    setTemplateGeneration(set, Math.max(1, templateGenerationOf(set)));
  },
  prepareForUpdate(set, old): void {
    keepField(set, old, "status");
    const changed = !semanticEqual(set.spec?.template, old.spec?.template);
    setTemplateGeneration(set, templateGenerationOf(old) + (changed ? 1 : 0));
    countGeneration(set, old, changed || !semanticEqual(set.spec, old.spec));
  },
  prepareForStatusUpdate(set, old): void {
    keepField(set, old, "spec");
    setTemplateGeneration(set, templateGenerationOf(old));
  },
};

function templateGenerationOf(set: DaemonSet): number {
  return Number(set.metadata?.annotations?.[templateGeneration] ?? 0) || 0;
}

function setTemplateGeneration(set: DaemonSet, generation: number): void {
  const meta = (set.metadata ??= {});
  meta.annotations = { ...meta.annotations, [templateGeneration]: String(generation) };
}
