/** Cycles one after the other: carries on the place where the search goes on. */
import { type Decision, schedule } from "./cycle.ts";
import type { Plugin } from "./framework.ts";
import type { PodInfo } from "./pod-info.ts";
import { defaultPlugins } from "./plugins/index.ts";
import type { Snapshot } from "./snapshot.ts";

export interface CycleRunnerOptions {
  readonly plugins?: readonly Plugin[] | undefined;
  readonly random?: (() => number) | undefined;
  readonly percentageOfNodesToScore?: number | undefined;
}

export interface CycleRunner {
  decide(snapshot: Snapshot, pod: PodInfo): Decision;
}

export function createCycleRunner(options: CycleRunnerOptions): CycleRunner {
  const { plugins = defaultPlugins, random = Math.random, percentageOfNodesToScore } = options;
  let start = 0;
  return {
    decide: (snapshot, pod) => {
      const decision = schedule(snapshot, pod, { plugins, start, random, percentageOfNodesToScore });
      if (decision.type !== "no-nodes") start = decision.nextStart;
      return decision;
    },
  };
}
