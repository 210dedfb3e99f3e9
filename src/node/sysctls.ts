/**
 * Kernel settings that a pod may change. One is safe when it belongs to a namespace that the pod has to itself and has no
 * influence on the node's other pods; every other is refused. Pure.
 */
import { normalizeSysctl, sysctlNamespace } from "../kinds/pod/sysctl-namespaces.ts";
import type { Pod } from "../schema/types/core-v1.ts";

/** With the kernel since which each belongs to a namespace. */
const safe: ReadonlyMap<string, readonly [major: number, minor: number]> = new Map([
  ["kernel.shm_rmid_forced", [0, 0]],
  ["net.ipv4.ip_local_port_range", [0, 0]],
  ["net.ipv4.tcp_syncookies", [0, 0]],
  ["net.ipv4.ping_group_range", [0, 0]],
  ["net.ipv4.ip_unprivileged_port_start", [0, 0]],
  ["net.ipv4.ip_local_reserved_ports", [3, 16]],
  ["net.ipv4.tcp_keepalive_time", [4, 5]],
  ["net.ipv4.tcp_fin_timeout", [4, 6]],
  ["net.ipv4.tcp_keepalive_intvl", [4, 5]],
  ["net.ipv4.tcp_keepalive_probes", [4, 5]],
  ["net.ipv4.tcp_rmem", [4, 15]],
  ["net.ipv4.tcp_wmem", [4, 15]],
]);

/** Why the pod may not have its settings; undefined when it may. `kernel`: the node's release, `6.1.0-18-amd64`. */
export function forbiddenSysctl(pod: Pod, kernel: string): string | undefined {
  const { securityContext, hostNetwork, hostIPC } = pod.spec ?? {};
  for (const { name } of securityContext?.sysctls ?? []) {
    const normal = normalizeSysctl(name);
    const since = safe.get(normal);
    if (since === undefined || !isAtLeast(kernel, since)) return `"${normal}" not allowlisted`;
    const namespace = sysctlNamespace(normal);
    if (namespace === "ipc" && hostIPC === true) return `"${normal}" not allowed with host IPC enabled`;
    if (namespace === "net" && hostNetwork === true) return `"${normal}" not allowed with host Net enabled`;
  }
  return undefined;
}

function isAtLeast(release: string, [major, minor]: readonly [number, number]): boolean {
  if (major === 0) return true;
  const [ownMajor = 0, ownMinor = 0] = release.split(".").map((part) => Number.parseInt(part, 10));
  return ownMajor > major || (ownMajor === major && ownMinor >= minor);
}
