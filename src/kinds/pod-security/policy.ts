/** Which policy a namespace's labels ask for. */
import type { FieldError } from "../../schema/field-error.ts";
import { FieldPath, invalidField } from "../../schema/field-error.ts";

export type PodSecurityLevel = "privileged" | "baseline" | "restricted";

export interface LevelVersion {
  readonly level: PodSecurityLevel;
  /** A minor of v1, or the newest. */
  readonly version: number | "latest";
}

export type PodSecurityMode = "enforce" | "audit" | "warn";

export type PodSecurityPolicy = Readonly<Record<PodSecurityMode, LevelVersion>>;

/** Labels and audit annotations begin so. */
export const podSecurityPrefix = "pod-security.kubernetes.io/";

/** From loose to strict. */
export const podSecurityLevels: readonly PodSecurityLevel[] = ["privileged", "baseline", "restricted"];

const levelFault = `must be one of ${podSecurityLevels.join(", ")}`;
const versionFault = 'must be "latest" or "v1.x"';

/** A string: what is wrong with it. */
export function parseLevel(text: string): { level: PodSecurityLevel } | string {
  const level = podSecurityLevels.find((l) => l === text);
  return level === undefined ? levelFault : { level };
}

/** A string: what is wrong with it. */
export function parseVersion(text: string): { version: number | "latest" } | string {
  if (text === "latest") return { version: "latest" };
  const match = /^v1\.([0-9]|[1-9][0-9]*)$/.exec(text);
  // A Go int holds no more.
  if (match === null || BigInt(match[1] as string) > 0x7fff_ffff_ffff_ffffn) return versionFault;
  return { version: Number(match[1]) };
}

/** Negative when `a` is looser than `b`. */
export function compareLevels(a: PodSecurityLevel, b: PodSecurityLevel): number {
  return podSecurityLevels.indexOf(a) - podSecurityLevels.indexOf(b);
}

/** `baseline:v1.24`. */
export function describePolicy({ level, version }: LevelVersion): string {
  return `${level}:${describeVersion(version)}`;
}

export function describeVersion(version: number | "latest"): string {
  return version === "latest" ? version : `v1.${version}`;
}

export function samePolicy(a: LevelVersion, b: LevelVersion): boolean {
  return a.level === b.level && a.version === b.version;
}

/** Privileged is the same in every version. */
export function equivalent(a: LevelVersion, b: LevelVersion): boolean {
  return samePolicy(a, b) || (a.level === "privileged" && b.level === "privileged");
}

const labelsPath = new FieldPath("metadata.labels");

/**
 * The policy of a namespace with these labels. One is always answered: where a label cannot be read, enforcement is restricted,
 * auditing and warning are off, and versions are the latest.
 */
export function policyOf(
  labels: Readonly<Record<string, string>> | undefined,
  defaults: PodSecurityPolicy,
): { policy: PodSecurityPolicy; errors: FieldError[] } {
  if (labels === undefined || !hasPolicyLabel(labels)) return { policy: defaults, errors: [] };
  const errors: FieldError[] = [];
  const levelOf = (mode: PodSecurityMode, otherwise: PodSecurityLevel): PodSecurityLevel => {
    const key = podSecurityPrefix + mode;
    const label = labels[key];
    if (label === undefined) return defaults[mode].level;
    const parsed = parseLevel(label);
    if (typeof parsed !== "string") return parsed.level;
    errors.push(invalidField(labelsPath.key(key), label, parsed));
    return otherwise;
  };
  const versionOf = (mode: PodSecurityMode): number | "latest" => {
    const key = `${podSecurityPrefix}${mode}-version`;
    const label = labels[key];
    if (label === undefined) return defaults[mode].version;
    const parsed = parseVersion(label);
    if (typeof parsed !== "string") return parsed.version;
    errors.push(invalidField(labelsPath.key(key), label, parsed));
    return "latest";
  };
  const enforce: LevelVersion = { level: levelOf("enforce", "restricted"), version: versionOf("enforce") };
  const enforceFault = errors.some((e) => e.field === labelsPath.key(`${podSecurityPrefix}enforce`).toString());
  const audit: LevelVersion = { level: levelOf("audit", "privileged"), version: versionOf("audit") };
  let warn: LevelVersion = { level: levelOf("warn", "privileged"), version: versionOf("warn") };
  const said = (label: string): boolean => labels[podSecurityPrefix + label] !== undefined;
  // Who enforces more than is warned of is warned of it too.
  if (!said("warn") && said("enforce") && !enforceFault && compareLevels(enforce.level, warn.level) > 0)
    warn = { level: enforce.level, version: said("warn-version") ? warn.version : enforce.version };
  return { policy: { enforce, audit, warn }, errors };
}

function hasPolicyLabel(labels: Readonly<Record<string, string>>): boolean {
  for (const key in labels) if (key.startsWith(podSecurityPrefix)) return true;
  return false;
}
