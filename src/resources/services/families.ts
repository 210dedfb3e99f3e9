/**
 * The fields of a Service that hang together: `clusterIP` and `clusterIPs`, `ipFamilies` and `ipFamilyPolicy` (KEP-563).
 * Pure; upstream does this in `pkg/registry/core/service/storage`.
 */
import { isHeadless, needsClusterIp, needsHealthCheck, needsNodePort } from "../../kinds/service/traffic.ts";
import { FieldPath, invalid, invalidField, type FieldError } from "../../schema/field-error.ts";
import type { Service, ServiceSpec } from "../../schema/types/core-v1.ts";
import { familyOf, type IpFamily } from "./ip-range.ts";

const spec = new FieldPath("spec");

const same = (a: readonly string[] | undefined, b: readonly string[] | undefined): boolean =>
  (a ?? []).length === (b ?? []).length && (a ?? []).every((v, i) => v === b?.[i]);

/** `longer` starts as `shorter` does and goes on. */
function reduced(now: readonly string[] | undefined, before: readonly string[] | undefined): boolean {
  const a = now ?? [];
  const b = before ?? [];
  return a.length === 0 ? false : a.length < b.length && a.every((v, i) => v === b[i]);
}

/** Fills `clusterIPs` from `clusterIP`, for clients that know only the older field. */
export function normalizeClusterIps(service: Service, old: Service | undefined): void {
  const now = service.spec;
  if (now === undefined) return;
  if (old === undefined) {
    if (now.clusterIP && !now.clusterIPs?.length) now.clusterIPs = [now.clusterIP];
    return;
  }
  const before = old.spec ?? {};
  const [ip = "", oldIp = ""] = [now.clusterIP, before.clusterIP];
  if (before.clusterIPs?.length && !now.clusterIPs?.length && ip === oldIp) now.clusterIPs = [...before.clusterIPs];
  if (ip === oldIp || !same(now.clusterIPs, before.clusterIPs)) return;
  if (oldIp !== "" && ip === "") delete now.clusterIPs;
  else now.clusterIPs = [ip];
}

/** What the server allocated and the client left out is as it was: a PUT need not read first. */
export function keepAllocated(service: Service, old: Service): void {
  const now = service.spec;
  const before = old.spec;
  if (now === undefined || before === undefined) return;
  if (needsClusterIp(before) && needsClusterIp(now)) {
    if (!now.clusterIP && before.clusterIP !== undefined) now.clusterIP = before.clusterIP;
    if (!now.clusterIPs?.length && before.clusterIPs?.length) now.clusterIPs = [...before.clusterIPs];
  }
  if (needsNodePort(before) && needsNodePort(now)) keepNodePorts(now, before);
  if (needsHealthCheck(before) && needsHealthCheck(now) && !now.healthCheckNodePort && before.healthCheckNodePort)
    now.healthCheckNodePort = before.healthCheckNodePort;
}

function keepNodePorts(now: ServiceSpec, before: ServiceSpec): void {
  const oldPorts = new Set((before.ports ?? []).map((p) => p.nodePort ?? 0));
  const used = new Set((now.ports ?? []).map((p) => p.nodePort ?? 0).filter((n) => n !== 0 && oldPorts.has(n)));
  const byName = new Map((before.ports ?? []).map((p) => [p.name ?? "", p.nodePort ?? 0]));
  for (const port of now.ports ?? []) {
    if (port.nodePort) continue;
    const old = byName.get(port.name ?? "") ?? 0;
    if (old !== 0 && !used.has(old)) port.nodePort = old;
  }
}

/** Nothing about addresses has changed for a service that only prefers two families: it stays as it is. */
export function keepsPreferredFamilies(service: Service, old: Service | undefined): boolean {
  const now = service.spec;
  const before = old?.spec;
  if (now === undefined || before === undefined || now.ipFamilyPolicy === undefined || before.type !== now.type) return false;
  if (!needsClusterIp(now)) return false;
  if (now.ipFamilyPolicy !== "PreferDualStack") return false;
  if (before.ipFamilyPolicy !== undefined && before.ipFamilyPolicy !== "PreferDualStack") return false;
  return same(now.clusterIPs, before.clusterIPs) && same(now.ipFamilies, before.ipFamilies);
}

/** Sets policy and families as the cluster's families (the primary one first) allow. Throws 422. */
export function initFamilies(service: Service, old: Service | undefined, families: readonly IpFamily[], relatedFaults: FieldError[]): void {
  const now = service.spec;
  if (now === undefined || !needsClusterIp(now) || keepsPreferredFamilies(service, old)) return;
  now.ipFamilyPolicy ??= old?.spec?.ipFamilyPolicy ?? (isSelectorlessHeadless(now) ? "RequireDualStack" : "SingleStack");
  refuse(service, relatedFaults);
  const faults: FieldError[] = [];
  if (old !== undefined) dropSecondary(service, old, faults);
  checkPolicy(now, faults);
  inferFamilies(now, families, faults);
  refuse(service, faults);
  if (isSelectorlessHeadless(now)) {
    if (!now.ipFamilies?.length) now.ipFamilies = [families[0] ?? "IPv4"];
    if (now.ipFamilies.length < 2 && now.ipFamilyPolicy !== "SingleStack") now.ipFamilies.push(other(now.ipFamilies[0]));
    return;
  }
  if (now.ipFamilyPolicy === "RequireDualStack" && families.length < 2)
    faults.push(invalidField(spec.child("ipFamilyPolicy"), now.ipFamilyPolicy, "this cluster is not configured for dual-stack services"));
  for (const [i, family] of (now.ipFamilies ?? []).entries())
    if (!families.includes(family as IpFamily))
      faults.push(invalidField(spec.child("ipFamilies").index(i), family, "not configured on this cluster"));
  refuse(service, faults);
  if (!now.ipFamilies?.length) now.ipFamilies = [families[0] ?? "IPv4"];
  if (now.ipFamilyPolicy !== "SingleStack" && now.ipFamilies.length === 1 && families.length === 2)
    now.ipFamilies.push(other(now.ipFamilies[0]));
}

const other = (family: string | undefined): IpFamily => (family === "IPv6" ? "IPv4" : "IPv6");

function isSelectorlessHeadless(now: ServiceSpec): boolean {
  return now.clusterIP === "None" && Object.keys(now.selector ?? {}).length === 0;
}

function refuse(service: Service, faults: readonly FieldError[]): void {
  if (faults.length > 0) throw invalid({ group: "", kind: "Service" }, service.metadata?.name ?? "", faults);
}

function dropSecondary(service: Service, old: Service, faults: FieldError[]): void {
  const now = service.spec as ServiceSpec;
  const before = old.spec ?? {};
  if (now.ipFamilyPolicy === "SingleStack") {
    if (same(before.clusterIPs, now.clusterIPs) && (now.clusterIPs?.length ?? 0) > 1) now.clusterIPs = now.clusterIPs?.slice(0, 1);
    if (same(before.ipFamilies, now.ipFamilies) && (now.ipFamilies?.length ?? 0) > 1) now.ipFamilies = now.ipFamilies?.slice(0, 1);
    return;
  }
  const policy = spec.child("ipFamilyPolicy");
  if (reduced(now.clusterIPs, before.clusterIPs))
    faults.push(invalidField(policy, now.ipFamilyPolicy, "must be 'SingleStack' to release the secondary cluster IP"));
  if (reduced(now.ipFamilies, before.ipFamilies))
    faults.push(invalidField(policy, now.ipFamilyPolicy, "must be 'SingleStack' to release the secondary IP family"));
}

function checkPolicy(now: ServiceSpec, faults: FieldError[]): void {
  if (now.ipFamilyPolicy !== "SingleStack") return;
  const say = (what: string): void => {
    const detail = `must be 'RequireDualStack' or 'PreferDualStack' when multiple ${what} are specified`;
    faults.push(invalidField(spec.child("ipFamilyPolicy"), now.ipFamilyPolicy, detail));
  };
  if (now.clusterIPs?.length === 2) say("cluster IPs");
  if (now.ipFamilies?.length === 2) say("IP families");
}

function inferFamilies(now: ServiceSpec, families: readonly IpFamily[], faults: FieldError[]): void {
  for (const [i, ip] of (now.clusterIPs ?? []).entries()) {
    if (ip === "None") break;
    if (i < (now.ipFamilies?.length ?? 0)) continue;
    const family = familyOf(ip);
    if (families.includes(family)) now.ipFamilies = [...(now.ipFamilies ?? []), family];
    else faults.push(invalidField(spec.child("clusterIPs").index(i), now.clusterIPs, `${family} is not configured on this cluster`));
  }
}

/** Addresses that must be taken, by family; empty text: any. */
export function wantedAddresses(service: Service): [family: IpFamily, ip: string][] {
  const now = service.spec;
  if (now === undefined || !needsClusterIp(now) || isHeadless(service)) return [];
  return (now.ipFamilies ?? []).map((family, i) => [family as IpFamily, now.clusterIPs?.[i] ?? ""]);
}
