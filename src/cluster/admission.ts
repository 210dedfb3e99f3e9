/** The admission chain that kube-apiserver's flags ask for. */
import type { AdmissionPlugin } from "../apiserver/admission.ts";
import type { ApiServer } from "../apiserver/server-interface.ts";
import type { MetricsRegistry } from "../core/metrics.ts";
import { type GenericAdmission, genericAdmission } from "../resources/admission/generic.ts";
import { admissionChain, ConfigurationError } from "../resources/admission/index.ts";
import type { ResourceDeps } from "../resources/index.ts";
import type { ApiServerFlags } from "./api-server-flags/index.ts";
import { UsageError } from "./usage-error.ts";

/** Nodes have credentials of their own here: what they may write is theirs alone, unless it is said otherwise. */
const usual = "NodeRestriction";

/** `generic`: webhooks and policies, by the name of their plugin. Throws a UsageError with every fault. */
export function admissionOf(
  flags: ApiServerFlags,
  deps: ResourceDeps,
  metrics: MetricsRegistry,
  generic: Readonly<Record<string, AdmissionPlugin>>,
): AdmissionPlugin[] {
  const disable = flags.list("disable-admission-plugins");
  const given = flags.list("enable-admission-plugins");
  try {
    return admissionChain(deps, {
      metrics,
      features: flags.features,
      enable: disable.includes(usual) ? given : [usual, ...given],
      disable,
      configurationFile: flags.string("admission-control-config-file"),
      notReadyTolerationSeconds: flags.int("default-not-ready-toleration-seconds"),
      unreachableTolerationSeconds: flags.int("default-unreachable-toleration-seconds"),
      generic,
    });
  } catch (error) {
    if (error instanceof ConfigurationError) throw new UsageError(`kube-apiserver: ${error.message}`);
    throw error;
  }
}

/** Webhooks and policies. Throws a UsageError. */
export function genericAdmissionOf(
  flags: ApiServerFlags,
  deps: ResourceDeps,
  server: Pick<ApiServer, "handle" | "definitions" | "objects">,
  metrics: MetricsRegistry,
): GenericAdmission {
  try {
    return genericAdmission(deps, { server, metrics, configurationFile: flags.string("admission-control-config-file") });
  } catch (error) {
    if (error instanceof ConfigurationError) throw new UsageError(`kube-apiserver: ${error.message}`);
    throw error;
  }
}
