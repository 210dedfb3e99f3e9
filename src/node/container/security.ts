/** Security contexts: what pod and container ask, as the runtime takes it. Pure. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Container, Pod, SecurityContext } from "../../schema/types/core-v1.ts";
import type { LinuxContainerSecurityContext, LinuxSandboxSecurityContext, NamespaceOption, SecurityProfile } from "../cri/types.ts";

/** The container's settings over the pod's. */
export function effectiveSecurity(pod: Pod, container: Container): SecurityContext {
  const shared = pod.spec?.securityContext;
  const own = container.securityContext;
  const pick = <K extends "runAsUser" | "runAsGroup" | "runAsNonRoot" | "seLinuxOptions">(key: K): Pick<SecurityContext, K> =>
    ({ [key]: own?.[key] ?? shared?.[key] }) as Pick<SecurityContext, K>;
  return { ...own, ...pick("runAsUser"), ...pick("runAsGroup"), ...pick("runAsNonRoot"), ...pick("seLinuxOptions") };
}

export function namespaceOptions(pod: Pod): NamespaceOption {
  const spec = pod.spec;
  return {
    network: spec?.hostNetwork === true ? "NODE" : "POD",
    ipc: spec?.hostIPC === true ? "NODE" : "POD",
    pid: spec?.hostPID === true ? "NODE" : spec?.shareProcessNamespace === true ? "POD" : "CONTAINER",
  };
}

interface ProfileSource {
  type?: string | undefined;
  localhostProfile?: string | undefined;
}

function seccompProfile(source: ProfileSource | undefined, root: string): SecurityProfile {
  if (source?.type === "RuntimeDefault") return { profileType: "RuntimeDefault" };
  if (source?.type === "Localhost") return { profileType: "Localhost", localhostRef: join(root, source.localhostProfile ?? "") };
  return { profileType: "Unconfined" };
}

function apparmorProfile(source: ProfileSource | undefined): SecurityProfile | undefined {
  if (source === undefined) return undefined;
  if (source.type === "Localhost") return { profileType: "Localhost", localhostRef: source.localhostProfile ?? "" };
  return { profileType: source.type === "Unconfined" ? "Unconfined" : "RuntimeDefault" };
}

/** `unmasked` shows all of /proc. */
const maskedPaths: readonly string[] = [
  "/proc/asound",
  "/proc/acpi",
  "/proc/interrupts",
  "/proc/kcore",
  "/proc/keys",
  "/proc/latency_stats",
  "/proc/timer_list",
  "/proc/timer_stats",
  "/proc/sched_debug",
  "/proc/scsi",
  "/sys/firmware",
  "/sys/devices/virtual/powercap",
];
const readonlyPaths: readonly string[] = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"];

function maskedHere(): string[] {
  const throttles: string[] = [];
  for (let cpu = 0; existsSync(`/sys/devices/system/cpu/cpu${cpu}`); cpu++) {
    const path = `/sys/devices/system/cpu/cpu${cpu}/thermal_throttle`;
    if (existsSync(path)) throttles.push(path);
  }
  return [...maskedPaths, ...throttles];
}

/** Groups beyond the primary one: the volumes' group and those asked for. */
function supplementalGroups(pod: Pod): number[] {
  const shared = pod.spec?.securityContext;
  return [...(shared?.fsGroup === undefined ? [] : [shared.fsGroup]), ...(shared?.supplementalGroups ?? [])];
}

export function sandboxSecurity(pod: Pod): LinuxSandboxSecurityContext {
  const shared = pod.spec?.securityContext;
  const all = [...(pod.spec?.initContainers ?? []), ...(pod.spec?.containers ?? [])];
  return {
    namespaceOptions: namespaceOptions(pod),
    privileged: all.some((c) => c.securityContext?.privileged === true),
    seccomp: { profileType: "RuntimeDefault" },
    supplementalGroups: supplementalGroups(pod),
    ...(shared?.runAsUser === undefined ? {} : { runAsUser: { value: shared.runAsUser } }),
    ...(shared?.runAsGroup === undefined ? {} : { runAsGroup: { value: shared.runAsGroup } }),
    ...(shared?.seLinuxOptions === undefined ? {} : { selinuxOptions: shared.seLinuxOptions }),
    ...policyOf(pod),
  };
}

function policyOf(pod: Pod): { supplementalGroupsPolicy?: "Merge" | "Strict" } {
  const policy = pod.spec?.securityContext?.supplementalGroupsPolicy;
  return policy === "Strict" || policy === "Merge" ? { supplementalGroupsPolicy: policy } : {};
}

/** Who the image says it runs as: a number, or a name that only the image can resolve. */
export interface ImageUser {
  readonly uid: number | undefined;
  readonly username: string;
}

export function containerSecurity(
  pod: Pod,
  container: Container,
  image: ImageUser,
  options: { seccompRoot: string; targetId?: string | undefined },
): LinuxContainerSecurityContext {
  const own = effectiveSecurity(pod, container);
  const unmasked = own.procMount === "Unmasked";
  const namespaces = namespaceOptions(pod);
  const seccomp = container.securityContext?.seccompProfile ?? pod.spec?.securityContext?.seccompProfile;
  const apparmor = apparmorProfile(container.securityContext?.appArmorProfile ?? pod.spec?.securityContext?.appArmorProfile);
  const user = own.runAsUser ?? image.uid;
  return {
    privileged: own.privileged ?? false,
    readonlyRootfs: own.readOnlyRootFilesystem ?? false,
    noNewPrivs: own.allowPrivilegeEscalation === false,
    capabilities: { addCapabilities: own.capabilities?.add ?? [], dropCapabilities: own.capabilities?.drop ?? [] },
    namespaceOptions:
      options.targetId !== undefined && namespaces.pid === "CONTAINER"
        ? { ...namespaces, pid: "TARGET", targetId: options.targetId }
        : namespaces,
    supplementalGroups: supplementalGroups(pod),
    ...policyOf(pod),
    ...(user === undefined ? {} : { runAsUser: { value: user } }),
    ...(own.runAsUser === undefined && image.uid === undefined && image.username !== "" ? { runAsUsername: image.username } : {}),
    ...(own.runAsGroup === undefined ? {} : { runAsGroup: { value: own.runAsGroup } }),
    ...(own.seLinuxOptions === undefined ? {} : { selinuxOptions: own.seLinuxOptions }),
    maskedPaths: unmasked ? [] : maskedHere(),
    readonlyPaths: unmasked ? [] : [...readonlyPaths],
    seccomp: seccompProfile(seccomp, options.seccompRoot),
    ...(apparmor === undefined ? {} : { apparmor }),
  };
}

/** Throws an Error with the kubelet's words when the container must not run as root and would, or nobody can tell. */
export function verifyNonRoot(pod: Pod, container: Container, image: ImageUser): void {
  const own = effectiveSecurity(pod, container);
  if (own.runAsNonRoot !== true) return;
  const about = `(pod: "${pod.metadata?.name ?? ""}_${pod.metadata?.namespace ?? ""}(${pod.metadata?.uid ?? ""})", container: ${container.name})`;
  if (own.runAsUser !== undefined) {
    if (own.runAsUser === 0) throw new Error(`container's runAsUser breaks non-root policy ${about}`);
    return;
  }
  if (image.uid === 0) throw new Error(`container has runAsNonRoot and image will run as root ${about}`);
  if (image.uid === undefined && image.username !== "") {
    throw new Error(
      `container has runAsNonRoot and image has non-numeric user (${image.username}), cannot verify user is non-root ${about}`,
    );
  }
}
