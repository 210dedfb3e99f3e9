/** Security contexts of pods and containers: ids, profiles, and what does not go together. */
import type { FieldError, FieldPath } from "../../schema/field-error.ts";
import { forbiddenField, invalidField, notSupported, required, tooLong } from "../../schema/field-error.ts";
import type { AppArmorProfile, PodSpec, SeccompProfile, SecurityContext } from "../../schema/types/core-v1.ts";
import type { ObjectMeta } from "../../schema/types/meta-v1.ts";
import { invalidEach, posixId } from "../formats.ts";
import { internalForm } from "../internal-form.ts";
import { appArmorAnnotationPrefix } from "./app-armor.ts";
import { findContainer, visitContainers } from "./containers.ts";
import type { PodValidationOptions } from "./validation-options.ts";
import { validateDescendingPath } from "./validation-paths.ts";
import { validateSysctls } from "./validation-sysctls.ts";
import { validateWindowsOptions } from "./validation-windows.ts";

/** A container's security context. `hostUsers`: the pod has no user namespace of its own. */
export function validateSecurityContext(
  context: SecurityContext | undefined,
  hostUsers: boolean,
  path: FieldPath,
  errors: FieldError[],
): void {
  if (!context) return;
  if (context.runAsUser !== undefined) invalidEach(posixId(context.runAsUser), path.child("runAsUser"), context.runAsUser, errors);
  if (context.runAsGroup !== undefined) invalidEach(posixId(context.runAsGroup), path.child("runAsGroup"), context.runAsGroup, errors);
  const proc = context.procMount;
  if (proc !== undefined) {
    const at = path.child("procMount");
    if (proc !== "Default" && proc !== "Unmasked") errors.push(notSupported(at, proc, ["Default", "Unmasked"]));
    if (hostUsers && proc === "Unmasked") errors.push(invalidField(at, proc, "`hostUsers` must be false to use `Unmasked`"));
  }
  validateSeccompProfile(context.seccompProfile, path.child("seccompProfile"), errors);
  if (context.allowPrivilegeEscalation === false) {
    if (context.privileged === true) {
      const detail = "cannot set `allowPrivilegeEscalation` to false and `privileged` to true";
      errors.push(invalidField(path, internalForm("SecurityContext", context), detail));
    }
    if (context.capabilities?.add?.includes("CAP_SYS_ADMIN")) {
      const detail = "cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN";
      errors.push(invalidField(path, internalForm("SecurityContext", context), detail));
    }
  }
  validateWindowsOptions(context.windowsOptions, path.child("windowsOptions"), errors);
  validateAppArmorProfile(context.appArmorProfile, path.child("appArmorProfile"), errors);
}

/** The security context of the pod. */
export function validatePodSecurityContext(spec: PodSpec, specPath: FieldPath, options: PodValidationOptions, errors: FieldError[]): void {
  const context = spec.securityContext;
  if (!context) return;
  const path = specPath.child("securityContext");
  const id = (name: "fsGroup" | "runAsUser" | "runAsGroup"): void => {
    const value = context[name];
    if (value !== undefined) invalidEach(posixId(value), path.child(name), value, errors);
  };
  id("fsGroup");
  id("runAsUser");
  id("runAsGroup");
  context.supplementalGroups?.forEach((group, i) => invalidEach(posixId(group), path.child("supplementalGroups").index(i), group, errors));
  if (spec.shareProcessNamespace === true && spec.hostPID === true) {
    const detail = "ShareProcessNamespace and HostPID cannot both be enabled";
    errors.push(invalidField(path.child("shareProcessNamespace"), true, detail));
  }
  if (context.sysctls?.length) validateSysctls(spec, path.child("sysctls"), options, errors);
  oneOf(context.fsGroupChangePolicy, ["Always", "OnRootMismatch"], path.child("fsGroupChangePolicy"), errors);
  validateSeccompProfile(context.seccompProfile, path.child("seccompProfile"), errors);
  validateWindowsOptions(context.windowsOptions, path.child("windowsOptions"), errors);
  validateAppArmorProfile(context.appArmorProfile, path.child("appArmorProfile"), errors);
  oneOf(context.supplementalGroupsPolicy, ["Merge", "Strict"], path.child("supplementalGroupsPolicy"), errors);
  const selinux = options.allowMountOptionSelinuxPolicy ? ["MountOption", "Recursive"] : ["Recursive"];
  oneOf(context.seLinuxChangePolicy, selinux, path.child("seLinuxChangePolicy"), errors);
}

function oneOf(value: string | undefined, supported: readonly string[], path: FieldPath, errors: FieldError[]): void {
  if (value !== undefined && !supported.includes(value)) errors.push(notSupported(path, value, supported));
}

const profileTypes: readonly string[] = ["Localhost", "RuntimeDefault", "Unconfined"];

function validateSeccompProfile(profile: SeccompProfile | undefined, path: FieldPath, errors: FieldError[]): void {
  if (!profile) return;
  if (!profile.type) errors.push(required(path.child("type"), "type is required when seccompProfile is set"));
  else if (!profileTypes.includes(profile.type)) errors.push(notSupported(path.child("type"), profile.type, profileTypes));
  const at = path.child("localhostProfile");
  if (profile.type === "Localhost") {
    if (profile.localhostProfile === undefined) errors.push(required(at, "must be set when seccomp type is Localhost"));
    else validateDescendingPath(profile.localhostProfile, at, errors);
  } else if (profile.localhostProfile !== undefined) {
    errors.push(invalidField(at, internalForm("SeccompProfile", profile), "can only be set when seccomp type is Localhost"));
  }
}

function validateAppArmorProfile(profile: AppArmorProfile | undefined, path: FieldPath, errors: FieldError[]): void {
  if (!profile) return;
  const at = path.child("localhostProfile");
  const name = profile.localhostProfile;
  if (profile.type === "Localhost") {
    if (name === undefined) errors.push(required(at, "must be set when AppArmor type is Localhost"));
    else {
      if (name.trim() !== name) errors.push(invalidField(at, name, "must not be padded with whitespace"));
      else if (name === "") errors.push(required(at, "must be set when AppArmor type is Localhost"));
      if (name.length > 4095) errors.push(tooLong(at, 4095));
    }
  } else if (profile.type === "RuntimeDefault" || profile.type === "Unconfined") {
    if (name !== undefined) errors.push(invalidField(at, name, "can only be set when AppArmor type is Localhost"));
  } else if (!profile.type) errors.push(required(path.child("type"), "type is required when appArmorProfile is set"));
  else errors.push(notSupported(path.child("type"), profile.type, profileTypes));
}

const seccompPodAnnotation = "seccomp.security.alpha.kubernetes.io/pod";
const seccompContainerPrefix = "container.seccomp.security.alpha.kubernetes.io/";

/** Annotations from before seccomp and AppArmor were fields. */
export function validateProfileAnnotations(
  annotations: Readonly<Record<string, string>>,
  spec: PodSpec,
  path: FieldPath,
  errors: FieldError[],
): void {
  const pod = annotations[seccompPodAnnotation];
  if (pod !== undefined) validateSeccompName(pod, path.child(seccompPodAnnotation), errors);
  for (const key in annotations) {
    if (key.startsWith(seccompContainerPrefix)) validateSeccompName(annotations[key] as string, path.child(key), errors);
  }
  for (const key in annotations) {
    if (!key.startsWith(appArmorAnnotationPrefix)) continue;
    const value = annotations[key] as string;
    const name = key.slice(appArmorAnnotationPrefix.length);
    if (!findContainer(spec, name)) errors.push(invalidField(path.key(key), name, "container not found"));
    if (value !== "" && value !== "runtime/default" && value !== "unconfined" && !value.startsWith("localhost/")) {
      errors.push(invalidField(path.key(key), value, `invalid AppArmor profile name: ${JSON.stringify(value)}`));
    }
  }
}

function validateSeccompName(name: string, path: FieldPath, errors: FieldError[]): void {
  if (name === "runtime/default" || name === "docker/default" || name === "unconfined") return;
  if (name.startsWith("localhost/")) validateDescendingPath(name.slice("localhost/".length), path, errors);
  else errors.push(invalidField(path, name, "must be a valid seccomp profile"));
}

/** Where both the annotation and the field are given, they have to say the same. */
export function validateProfileAgreement(meta: ObjectMeta | undefined, spec: PodSpec, path: FieldPath, errors: FieldError[]): void {
  const annotations = meta?.annotations;
  if (!annotations) return;
  const pod = annotations[seccompPodAnnotation];
  if (pod !== undefined)
    agree("seccomp", spec.securityContext?.seccompProfile, pod, path.child("securityContext", "seccompProfile"), errors);
  visitContainers(spec, (container, field, i) => {
    const annotation = annotations[seccompContainerPrefix + container.name];
    if (annotation === undefined) return;
    const at = path.child(field).index(i).child("securityContext", "seccompProfile");
    agree("seccomp", container.securityContext?.seccompProfile, annotation, at, errors);
  });
  if (spec.os?.name === "windows") return;
  visitContainers(spec, (container, field, i) => {
    const annotation = annotations[appArmorAnnotationPrefix + container.name];
    if (annotation === undefined) return;
    const profile = container.securityContext?.appArmorProfile ?? spec.securityContext?.appArmorProfile;
    agree("apparmor", profile, annotation, path.child(field).index(i).child("securityContext", "appArmorProfile"), errors);
  });
}

function agree(
  what: "seccomp" | "apparmor",
  profile: SeccompProfile | AppArmorProfile | undefined,
  annotation: string,
  path: FieldPath,
  errors: FieldError[],
): void {
  if (!profile) return;
  let same = true;
  if (profile.type === "Unconfined") same = annotation === "unconfined";
  else if (profile.type === "RuntimeDefault") {
    same = annotation === "runtime/default" || (what === "seccomp" && annotation === "docker/default");
  } else if (profile.type === "Localhost") {
    same = annotation.startsWith("localhost/");
    if (same && annotation.slice("localhost/".length) !== profile.localhostProfile) {
      errors.push(forbiddenField(path.child("localhostProfile"), `${what} profile in annotation and field must match`));
    }
  }
  if (!same) errors.push(forbiddenField(path.child("type"), `${what} type in annotation and field must match`));
}
