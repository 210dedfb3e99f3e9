/** Whether a container that has ended is started again: its pod's policy, its own, and its rules (KEP-753, KEP-5307). */
import type { Container, ContainerRestartRule, PodSpec } from "../../schema/types/core-v1.ts";

/** `exitCode` is undefined while the container has not ended yet. */
export function shouldRestart(container: Container, spec: PodSpec, exitCode: number | undefined): boolean {
  const policy = container.restartPolicy;
  if (policy === undefined) {
    if (spec.restartPolicy === "Never") return false;
    return spec.restartPolicy !== "OnFailure" || exitCode !== 0;
  }
  if (exitCode !== undefined && container.restartPolicyRules?.some((rule) => matchesRule(rule, exitCode))) return true;
  if (policy === "Always") return true;
  return policy === "OnFailure" && exitCode !== 0;
}

/** The rule that the exit code meets first, if any. */
export function matchingRestartRule(container: Container, exitCode: number): ContainerRestartRule | undefined {
  return container.restartPolicyRules?.find((rule) => matchesRule(rule, exitCode));
}

function matchesRule(rule: ContainerRestartRule, exitCode: number): boolean {
  const codes = rule.exitCodes;
  if (!codes) return false;
  const listed = codes.values?.includes(exitCode) ?? false;
  return codes.operator === "In" ? listed : codes.operator === "NotIn" && !listed;
}

/** Some container may ask for all of them to be started again. */
export function allContainersCouldRestart(spec: PodSpec): boolean {
  return [...(spec.initContainers ?? []), ...spec.containers].some((c) =>
    c.restartPolicyRules?.some((rule) => rule.action === "RestartAllContainers"),
  );
}
