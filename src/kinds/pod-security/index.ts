/** The Pod Security Standards (KEP-2579): what each level asks of a pod, in every version since v1.0. */
export type { Check, PodCheck, Violation } from "./check.ts";
export { describeViolations, podSecurityChecks, podSecurityViolations } from "./evaluate.ts";
export {
  compareLevels,
  describePolicy,
  describeVersion,
  equivalent,
  parseLevel,
  parseVersion,
  podSecurityLevels,
  podSecurityPrefix,
  policyOf,
  samePolicy,
} from "./policy.ts";
export type { LevelVersion, PodSecurityLevel, PodSecurityMode, PodSecurityPolicy } from "./policy.ts";
