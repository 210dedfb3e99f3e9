/** AppArmor was an annotation before it was a field (KEP-24): an annotation becomes the field of its container. */
import type { AppArmorProfile, Pod } from "../../schema/types/core-v1.ts";
import { semanticEqual } from "../semantic-equal.ts";
import { visitContainers } from "./containers.ts";

/** Followed by the container's name. */
export const appArmorAnnotationPrefix = "container.apparmor.security.beta.kubernetes.io/";

/** The field that says what the annotation says; undefined for one that says nothing. */
export function appArmorProfileOf(annotation: string): AppArmorProfile | undefined {
  if (annotation === "unconfined") return { type: "Unconfined" };
  if (annotation === "runtime/default") return { type: "RuntimeDefault" };
  if (!annotation.startsWith("localhost/") || annotation === "localhost/") return undefined;
  return { type: "Localhost", localhostProfile: annotation.slice("localhost/".length) };
}

/** Writes annotations into the fields of containers that have none, in place. */
export function applyAppArmorAnnotations(pod: Pod): void {
  const annotations = pod.metadata?.annotations;
  if (!annotations || pod.spec?.os?.name === "windows") return;
  visitContainers(pod.spec, (container) => {
    const annotation = annotations[appArmorAnnotationPrefix + container.name];
    if (annotation === undefined || container.securityContext?.appArmorProfile) return;
    const profile = appArmorProfileOf(annotation);
    if (!isWellFormed(profile) || semanticEqual(profile, pod.spec?.securityContext?.appArmorProfile)) return;
    (container.securityContext ??= {}).appArmorProfile = profile;
  });
}

/** Messages for annotations that should be fields by now. Asked before the annotations are written into fields. */
export function appArmorWarnings(pod: Pod): string[] {
  const warnings: string[] = [];
  const annotations = pod.metadata?.annotations;
  if (!annotations || pod.spec?.os?.name === "windows") return warnings;
  visitContainers(pod.spec, (container) => {
    const key = appArmorAnnotationPrefix + container.name;
    const annotation = annotations[key];
    if (annotation === undefined) return;
    const profile = appArmorProfileOf(annotation);
    const own = container.securityContext?.appArmorProfile;
    const applied = isWellFormed(profile) && !semanticEqual(profile, pod.spec?.securityContext?.appArmorProfile);
    if (isWellFormed(profile) && !(applied && semanticEqual(own, profile))) return;
    warnings.push(`metadata.annotations[${key}]: deprecated since v1.30; use the "appArmorProfile" field instead`);
  });
  return warnings;
}

function isWellFormed(profile: AppArmorProfile | undefined): profile is AppArmorProfile {
  const name = profile?.localhostProfile;
  return profile !== undefined && (name === undefined || (name.trim() === name && name.length <= 4095));
}
