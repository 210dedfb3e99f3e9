import type { Check, PodCheck } from "../check.ts";

/** Sysctls that are a pod's own, and harm no neighbour. */
const first = [
  "kernel.shm_rmid_forced",
  "net.ipv4.ip_local_port_range",
  "net.ipv4.tcp_syncookies",
  "net.ipv4.ping_group_range",
  "net.ipv4.ip_unprivileged_port_start",
];
const reserved = [...first, "net.ipv4.ip_local_reserved_ports"];
const keepalive = [
  ...reserved,
  "net.ipv4.tcp_keepalive_time",
  "net.ipv4.tcp_fin_timeout",
  "net.ipv4.tcp_keepalive_intvl",
  "net.ipv4.tcp_keepalive_probes",
];
const buffers = [...keepalive, "net.ipv4.tcp_rmem", "net.ipv4.tcp_wmem"];

function check(allowed: readonly string[]): PodCheck {
  const safe = new Set(allowed);
  return (_metadata, spec) => {
    const bad = (spec.securityContext?.sysctls ?? []).filter((s) => !safe.has(s.name)).map((s) => s.name);
    return bad.length === 0 ? undefined : { reason: "forbidden sysctls", detail: bad.join(", ") };
  };
}

export const sysctls: Check = {
  id: "sysctls",
  level: "baseline",
  revisions: [
    { since: 0, check: check(first) },
    { since: 27, check: check(reserved) },
    { since: 29, check: check(keepalive) },
    { since: 32, check: check(buffers) },
  ],
};
