/** The pages that the API server has about itself, as kube-apiserver's flags and gates want them. */
import type { EncryptionAtRest } from "../apiserver/encryption/index.ts";
import type { HealthCheck } from "../apiserver/endpoints/health.ts";
import type { EndpointOptions } from "../apiserver/endpoints/index.ts";
import type { FlowControl } from "../apiserver/flow-control/controller.ts";
import type { Level, Threshold } from "../core/log.ts";
import type { Store } from "../store/store.ts";
import type { ApiServerFlags } from "./api-server-flags/index.ts";
import type { StartHooks } from "./start-hooks.ts";

export interface ServerPages {
  readonly flags: ApiServerFlags;
  readonly hooks: StartHooks;
  readonly store: Store;
  readonly encryption: EncryptionAtRest | undefined;
  readonly flowControl: FlowControl | undefined;
  /** What is logged; absent: it cannot be changed. */
  readonly threshold: Threshold | undefined;
}

/** From this verbosity on, debug records are kept. */
const debugFrom = 4;

/** The level that `-v` means. */
export function levelOf(verbosity: number): Level {
  return verbosity >= debugFrom ? "debug" : "info";
}

export function serverPages(pages: ServerPages): Partial<EndpointOptions> {
  const { flags, threshold, flowControl } = pages;
  const { features } = flags;
  const setVerbosity = (verbosity: number): void => {
    if (threshold !== undefined) threshold.level = levelOf(verbosity);
  };
  return {
    healthChecks: checks(pages),
    statusz: features.enabled("ComponentStatusz"),
    ...(features.enabled("ComponentFlagz") ? { flags: () => flags.shown() } : {}),
    ...(flags.bool("profiling") ? { debug: { setVerbosity } } : {}),
    ...(flowControl === undefined ? {} : { flowControl }),
    logs: flags.bool("enable-logs-handler"),
  };
}

function checks({ hooks, store, encryption }: ServerPages): HealthCheck[] {
  const storeFault = (): string | undefined => {
    try {
      store.stats();
      return undefined;
    } catch (error) {
      return (error as Error).message;
    }
  };
  return [
    { name: "loopback-serving-certificate", endpoints: ["healthz", "livez"], check: () => undefined },
    { name: "etcd", check: storeFault },
    { name: "etcd-readiness", endpoints: ["readyz"], check: storeFault },
    ...(encryption?.hasHealthCheck === true ? [{ name: "kms-providers", check: () => encryption.fault() }] : []),
    ...hooks.checks(),
  ];
}
