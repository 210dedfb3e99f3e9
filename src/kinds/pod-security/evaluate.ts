/** Which checks a level has at a version, and what they say of a pod. */
import type { PodSpec } from "../../schema/types/core-v1.ts";
import type { ObjectMeta } from "../../schema/types/meta-v1.ts";
import type { Check, PodCheck, Violation } from "./check.ts";
import { allowPrivilegeEscalation } from "./checks/allow-privilege-escalation.ts";
import { appArmorProfile } from "./checks/app-armor-profile.ts";
import { capabilitiesBaseline, capabilitiesRestricted } from "./checks/capabilities.ts";
import { hostNamespaces } from "./checks/host-namespaces.ts";
import { hostPathVolumes } from "./checks/host-path-volumes.ts";
import { hostPorts } from "./checks/host-ports.ts";
import { hostProbesAndHostLifecycle } from "./checks/host-probes.ts";
import { privileged } from "./checks/privileged.ts";
import { procMount, procMountRestricted } from "./checks/proc-mount.ts";
import { restrictedVolumes } from "./checks/restricted-volumes.ts";
import { runAsNonRoot } from "./checks/run-as-non-root.ts";
import { runAsUser } from "./checks/run-as-user.ts";
import { seLinuxOptions } from "./checks/se-linux-options.ts";
import { seccompProfileBaseline, seccompProfileRestricted } from "./checks/seccomp-profile.ts";
import { sysctls } from "./checks/sysctls.ts";
import { windowsHostProcess } from "./checks/windows-host-process.ts";
import type { LevelVersion } from "./policy.ts";

/** Baseline first, then restricted; by id in each, which is the order they are told in. */
export const podSecurityChecks: readonly Check[] = [
  appArmorProfile,
  capabilitiesBaseline,
  hostNamespaces,
  hostPathVolumes,
  hostPorts,
  hostProbesAndHostLifecycle,
  privileged,
  procMount,
  seLinuxOptions,
  seccompProfileBaseline,
  sysctls,
  windowsHostProcess,
  allowPrivilegeEscalation,
  capabilitiesRestricted,
  procMountRestricted,
  restrictedVolumes,
  runAsNonRoot,
  runAsUser,
  seccompProfileRestricted,
];

/** The last minor in which a check changed: later ones, and `latest`, are the same. */
const newest = Math.max(...podSecurityChecks.flatMap((c) => c.revisions.map((r) => r.since)));

function revisionAt(check: Check, minor: number): PodCheck | undefined {
  return check.revisions.findLast((r) => r.since <= minor)?.check;
}

function compile(restricted: boolean, minor: number): PodCheck[] {
  const active = podSecurityChecks.filter((c) => (restricted || c.level === "baseline") && revisionAt(c, minor) !== undefined);
  const overridden = new Set(active.flatMap((c) => c.overrides ?? []));
  return active.filter((c) => !overridden.has(c.id)).map((c) => revisionAt(c, minor) as PodCheck);
}

const compiled = new Map<string, PodCheck[]>();

function checksOf({ level, version }: LevelVersion): readonly PodCheck[] {
  if (level === "privileged") return [];
  const minor = version === "latest" ? newest : Math.min(version, newest);
  const key = `${level}${minor}`;
  let found = compiled.get(key);
  if (found === undefined) compiled.set(key, (found = compile(level === "restricted", minor)));
  return found;
}

/** Every violation of the policy, in the order of the checks. Empty: allowed. */
export function podSecurityViolations(policy: LevelVersion, metadata: ObjectMeta, spec: PodSpec): Violation[] {
  const found: Violation[] = [];
  for (const check of checksOf(policy)) {
    const violation = check(metadata, spec);
    if (violation !== undefined) found.push(violation);
  }
  return found;
}

/** `host namespaces (hostPID=true), privileged (container "a" must not …)`. */
export function describeViolations(violations: readonly Violation[]): string {
  return violations.map((v) => (v.detail === "" ? v.reason : `${v.reason} (${v.detail})`)).join(", ");
}
