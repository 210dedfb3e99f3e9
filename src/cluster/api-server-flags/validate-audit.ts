/** What is wrong with the flags of the audit trail. Wording: `k8s.io/apiserver/pkg/server/options` audit. */
import type { ApiServerFlags } from "./api-server-flags.ts";

const modes = ["batch", "blocking", "blocking-strict"];

export function auditFaults(flags: ApiServerFlags): string[] {
  return [
    ...(flags.string("audit-log-path") === "" ? [] : [...backendFaults(flags, "log"), ...fileFaults(flags)]),
    ...(flags.string("audit-webhook-config-file") === "" ? [] : backendFaults(flags, "webhook")),
  ];
}

function backendFaults(flags: ApiServerFlags, kind: "log" | "webhook"): string[] {
  const name = (rest: string): string => `audit-${kind}-${rest}`;
  const faults: string[] = [];
  const positive = (what: string, value: number): void => {
    if (value <= 0) faults.push(`invalid audit batch ${kind} ${what} ${value}, must be a positive number`);
  };
  const mode = flags.string(name("mode"));
  if (!modes.includes(mode)) faults.push(`invalid audit ${kind} mode ${mode}, allowed modes are ${JSON.stringify(modes.join(","))}`);
  else if (mode === "batch") {
    positive("buffer size", flags.int(name("batch-buffer-size")));
    positive("max batch size", flags.int(name("batch-max-size")));
    if (flags.bool(name("batch-throttle-enable"))) {
      positive("throttle QPS", flags.float(name("batch-throttle-qps")));
      positive("throttle burst", flags.int(name("batch-throttle-burst")));
    }
  }
  if (flags.bool(name("truncate-enabled"))) {
    const event = flags.int(name("truncate-max-event-size"));
    const batch = flags.int(name("truncate-max-batch-size"));
    if (event <= 0) faults.push(`invalid audit truncate ${kind} max event size ${event}, must be a positive number`);
    if (batch < event)
      faults.push(`invalid audit truncate ${kind} max batch size ${batch}, must be greater than max event size (${event})`);
  }
  const version = flags.string(name("version"));
  if (version !== "audit.k8s.io/v1") faults.push(`invalid group version, allowed versions are ["audit.k8s.io/v1"]`);
  return faults;
}

function fileFaults(flags: ApiServerFlags): string[] {
  const faults: string[] = [];
  const format = flags.string("audit-log-format");
  if (format !== "json" && format !== "legacy") faults.push(`invalid audit log format ${format}, allowed formats are "legacy,json"`);
  for (const name of ["maxage", "maxbackup", "maxsize"]) {
    const value = flags.int(`audit-log-${name}`);
    if (value < 0) faults.push(`--audit-log-${name} ${value} can't be a negative number`);
  }
  return faults;
}
