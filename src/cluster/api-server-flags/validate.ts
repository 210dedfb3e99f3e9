/** What is wrong with values that are well formed, or do not go together. Wording: upstream's `Validate` methods. */
import { enablementOf } from "../../resources/enablement.ts";
import { authenticationFaults, authorizationFaults } from "../security/flag-faults.ts";
import type { ApiServerFlags } from "./api-server-flags.ts";
import { auditFaults } from "./validate-audit.ts";
import { versionFaults } from "./versions.ts";

/** In ms or whole numbers; upstream's words differ by article. */
const notNegative: readonly (readonly [name: string, duration: boolean, words: string])[] = [
  ["livez-grace-period", true, "--livez-grace-period can not be a negative value"],
  ["max-requests-inflight", false, "--max-requests-inflight can not be negative value"],
  ["max-mutating-requests-inflight", false, "--max-mutating-requests-inflight can not be negative value"],
  ["request-timeout", true, "--request-timeout can not be negative value"],
  ["min-request-timeout", false, "--min-request-timeout can not be negative value"],
  ["storage-initialization-timeout", true, "--storage-initialization-timeout can not be negative value"],
  ["shutdown-delay-duration", true, "--shutdown-delay-duration can not be negative value"],
  ["shutdown-watch-termination-grace-period", true, "shutdown-watch-termination-grace-period, if provided, can not be a negative value"],
];

/** Every fault, in upstream's order. */
export function flagFaults(flags: ApiServerFlags): string[] {
  const faults = notNegative.flatMap(([name, duration, words]) => ((duration ? flags.duration(name) : flags.int(name)) < 0 ? [words] : []));
  const goaway = flags.float("goaway-chance");
  if (goaway < 0 || goaway > 0.02) faults.push("--goaway-chance can not be less than 0 or greater than 0.02");
  faults.push(
    ...flags.list("strict-transport-security-directives").flatMap(hstsFault),
    ...flags.list("cors-allowed-origins").flatMap(corsFault),
    ...versionFaults(flags),
    ...storageFaults(flags),
    ...fairnessFaults(flags),
    ...servingFaults(flags),
    ...authenticationFaults(flags),
    ...authorizationFaults(flags),
    ...auditFaults(flags),
    ...(flags.given("runtime-config") ? enablementOf(flags.map("runtime-config"), flags.features).faults : []),
  );
  return faults;
}

function hstsFault(directive: string): string[] {
  if (directive.trim() === "") return ["empty value in strict-transport-security-directives"];
  if (directive === "includeSubDomains" || directive === "preload") return [];
  const parts = directive.split("=");
  if (parts.length === 2 && parts[0] === "max-age") return [];
  return [
    "--strict-transport-security-directives invalid, allowed values: max-age=expireTime, includeSubDomains, preload. see https://tools.ietf.org/html/rfc6797#section-6.1 for more information",
  ];
}

/** An origin's pattern must hold on to both ends of the host, or `example.com.evil.org` would be let in (CVE-2022-1996). That it is a pattern at all is seen where it is compiled. */
function corsFault(pattern: string): string[] {
  if ((pattern.includes("^") || pattern.includes("//")) && (pattern.includes("$") || pattern.includes(":"))) return [];
  return [
    "--cors-allowed-origins has an invalid regular expression: regular expression does not pin to start/end of host in the origin header",
  ];
}

function storageFaults(flags: ApiServerFlags): string[] {
  const faults: string[] = [];
  const backend = flags.string("storage-backend");
  if (backend !== "" && backend !== "etcd3")
    faults.push("--storage-backend invalid, allowed values: etcd3. If not specified, it will default to 'etcd3'");
  if (flags.bool("encryption-provider-config-automatic-reload") && flags.string("encryption-provider-config") === "")
    faults.push("--encryption-provider-config-automatic-reload must be set with --encryption-provider-config");
  return faults;
}

/** Fairness reads its own objects: its API cannot be off. */
function fairnessFaults(flags: ApiServerFlags): string[] {
  if (!flags.bool("enable-priority-and-fairness")) return [];
  const config = flags.map("runtime-config");
  for (const key of ["flowcontrol.apiserver.k8s.io/v1", "api/ga", "api/all"]) {
    if (config.get(key) === "false") return [`--runtime-config=${key}=false conflicts with --enable-priority-and-fairness=true`];
    if (config.get(key) === "true") return [];
  }
  if (flags.int("max-requests-inflight") + flags.int("max-mutating-requests-inflight") <= 0)
    return ["invalid configuration: MaxRequestsInFlight=0 and MaxMutatingRequestsInFlight=0; they must add up to something positive"];
  return [];
}

function servingFaults(flags: ApiServerFlags): string[] {
  const faults: string[] = [];
  const oldest = flags.string("tls-min-version");
  if (oldest !== "" && !["VersionTLS10", "VersionTLS11", "VersionTLS12", "VersionTLS13"].includes(oldest))
    faults.push(`unknown tls version ${JSON.stringify(oldest)}`);
  if ((flags.string("tls-cert-file") === "") !== (flags.string("tls-private-key-file") === ""))
    faults.push("--tls-cert-file and --tls-private-key-file must be given together");
  const format = flags.string("logging-format");
  if (format !== "text" && format !== "json") faults.push(`format: Invalid value: ${JSON.stringify(format)}: Unsupported log format`);
  const reconciler = flags.string("endpoint-reconciler-type");
  if (!["lease", "master-count", "none"].includes(reconciler))
    faults.push(`--endpoint-reconciler-type can only be one of lease, master-count, none: ${JSON.stringify(reconciler)}`);
  return faults;
}
