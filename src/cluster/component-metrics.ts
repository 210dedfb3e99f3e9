/** What every component of Kubernetes tells of itself: its build, its features, its metrics. */
import type { VersionInfo } from "../apiserver/endpoints/plain.ts";
import type { FeatureGates } from "../core/feature-gates.ts";
import { parseYaml } from "../lang/yaml.ts";
import { MetricsRegistry } from "../core/metrics.ts";
import type { ApiServerFlags } from "./api-server-flags/index.ts";

const stable: ReadonlySet<string> = new Set(
  `apiserver_admission_controller_admission_duration_seconds apiserver_admission_step_admission_duration_seconds
  apiserver_admission_webhook_admission_duration_seconds apiserver_current_inflight_requests apiserver_longrunning_requests
  apiserver_request_duration_seconds apiserver_request_total apiserver_requested_deprecated_apis apiserver_response_sizes
  apiserver_storage_objects apiserver_storage_size_bytes`.split(/\s+/),
);

const beta: ReadonlySet<string> = new Set(
  `apiserver_cel_compilation_duration_seconds apiserver_cel_evaluation_duration_seconds apiserver_flowcontrol_current_executing_requests
  apiserver_flowcontrol_current_executing_seats apiserver_flowcontrol_current_inqueue_requests apiserver_flowcontrol_dispatched_requests_total
  apiserver_flowcontrol_nominal_limit_seats apiserver_flowcontrol_rejected_requests_total apiserver_flowcontrol_request_wait_duration_seconds
  apiserver_mutating_admission_policy_check_duration_seconds apiserver_mutating_admission_policy_check_total
  apiserver_storage_events_received_total apiserver_validating_admission_policy_check_duration_seconds
  apiserver_validating_admission_policy_check_total apiserver_validation_declarative_validation_mismatch_total
  apiserver_validation_declarative_validation_panic_total apiserver_watch_list_duration_seconds disabled_metrics_total
  hidden_metrics_total kubernetes_build_info kubernetes_feature_enabled registered_metrics_total workqueue_adds_total workqueue_depth
  workqueue_longest_running_processor_seconds workqueue_queue_duration_seconds workqueue_retries_total
  workqueue_unfinished_work_seconds workqueue_work_duration_seconds`.split(/\s+/),
);

function stabilityOf(name: string): "STABLE" | "BETA" | "ALPHA" {
  return stable.has(name) ? "STABLE" : beta.has(name) ? "BETA" : "ALPHA";
}

/** `--allow-metric-labels metric,label='v1,v2'` over what the manifest says. */
function allowedLabels(flags: ApiServerFlags): ReadonlyMap<string, ReadonlyMap<string, ReadonlySet<string>>> | undefined {
  const allowed = new Map<string, Map<string, ReadonlySet<string>>>();
  const add = (key: string, values: string): void => {
    const [metric = "", label = ""] = key.split(",");
    const labels = allowed.get(metric) ?? new Map<string, ReadonlySet<string>>();
    labels.set(label, new Set(values.split(",").map((value) => value.trim())));
    allowed.set(metric, labels);
  };
  const manifest = flags.file("allow-metric-labels-manifest");
  const listed = manifest === undefined ? undefined : (parseYaml(manifest.text) as { allowListMapping?: Record<string, string> } | null);
  for (const [key, values] of Object.entries(listed?.allowListMapping ?? {})) add(key, values);
  // Keys hold commas themselves: `metric1,label1='v1,v2',metric2,label2='v3'`.
  for (const text of flags.list("allow-metric-labels")) {
    for (const [, key = "", quoted, bare] of text.matchAll(/([^,=']+,[^,=']+)=(?:'([^']*)'|([^,]*))/g)) add(key, quoted ?? bare ?? "");
  }
  return allowed.size === 0 ? undefined : allowed;
}

/** The registry of the control plane, as `--disabled-metrics` wants it. */
export function metricsRegistry(flags: ApiServerFlags): MetricsRegistry {
  const disabled = new Set(flags.list("disabled-metrics"));
  const registry = new MetricsRegistry({ stability: stabilityOf, disabled, allowed: allowedLabels(flags) });
  registry.counter("hidden_metrics_total", "The count of hidden metrics.");
  registry.counter("disabled_metrics_total", "The count of disabled metrics.").inc({}, disabled.size);
  const registered = registry.counter(
    "registered_metrics_total",
    "The count of registered metrics broken by stability level and deprecation version.",
    ["stability_level", "deprecated_version"],
  );
  registry.counter("apiserver_audit_event_total", "Counter of audit events generated and sent to the audit backend.");
  registry.counter(
    "apiserver_audit_requests_rejected_total",
    "Counter of apiserver requests rejected due to an error in audit logging backend.",
  );
  registry.onCollect(() => {
    const counts = Map.groupBy(registry.names, stabilityOf);
    for (const [level, names] of counts) registered.cell({ stability_level: level, deprecated_version: "" }).value = names.length;
  });
  return registry;
}

/** Ports of Services on nodes: those that are given, and those that are left of `range`. */
export function addNodePortMetrics(registry: MetricsRegistry, used: () => number, [first, last]: readonly [number, number]): void {
  const allocated = registry.gauge(
    "kube_apiserver_nodeport_allocator_allocated_ports",
    "Gauge measuring the number of allocated NodePorts for Services",
  );
  const available = registry.gauge(
    "kube_apiserver_nodeport_allocator_available_ports",
    "Gauge measuring the number of available NodePorts for Services",
  );
  registry.onCollect(() => {
    allocated.set(used());
    available.set(last - first + 1 - used());
  });
}

/** `version`: what `/version` says. */
export function addComponentMetrics(registry: MetricsRegistry, version: VersionInfo, features: FeatureGates): void {
  const { major, minor, gitVersion, gitCommit, gitTreeState, buildDate, goVersion, compiler, platform } = version;
  const build = {
    major,
    minor,
    git_version: gitVersion,
    git_commit: gitCommit,
    git_tree_state: gitTreeState,
    build_date: buildDate,
    go_version: goVersion,
    compiler,
    platform,
  };
  const help =
    "A metric with a constant '1' value labeled by major, minor, git version, git commit, git tree state, build date, Go version, and compiler from which Kubernetes was built, and platform on which it is running.";
  registry.gauge("kubernetes_build_info", help, Object.keys(build)).set(1, build);
  const versions = registry.gauge(
    "version_info",
    "Provides the compatibility version info of the component. The component label is the name of the component, usually kube, but is relevant for aggregated-apiservers.",
    ["binary", "component", "emulation", "min_compat"],
  );
  const own = `${major}.${minor}`;
  versions.set(1, {
    binary: own,
    component: "kube",
    emulation: own,
    min_compat: `${major}.${version.minCompatibilityMinor ?? Number(minor) - 1}`,
  });
  const enabled = registry.gauge(
    "kubernetes_feature_enabled",
    "This metric records the data about the stage and enablement of a k8s feature.",
    ["name", "stage"],
  );
  for (const gate of features.all()) enabled.set(gate.enabled ? 1 : 0, { name: gate.name, stage: gate.stage === "GA" ? "" : gate.stage });
}
