/** What a control plane is made from, and what its parts are called by. */
import type { Clock } from "../core/clock.ts";
import type { Logger, Threshold } from "../core/log.ts";
import { hostAddress } from "./machines/host-network.ts";
import type { ApiServerFlags } from "./api-server-flags/index.ts";
import type { ClusterConfig } from "./options.ts";
import type { ClusterPki } from "./pki.ts";
import { kubernetesVersion } from "./version-info.ts";

export interface ControlPlaneOptions {
  readonly config: ClusterConfig;
  readonly pki: ClusterPki;
  readonly clock: Clock;
  readonly log: Logger;
  /** What `log` keeps: `/debug/flags/v` changes it. */
  readonly threshold?: Threshold | undefined;
  /** False: no controllers, no scheduler, no simulated nodes; objects stay as they were written. */
  readonly work?: boolean | undefined;
}

/** How a component of upstream names itself: writes are told apart by it. */
export const agentOf = (component: string): string => `${component}/${kubernetesVersion}`;

/** Where pods reach this server. */
export function addressOf(config: ClusterConfig, flags: ApiServerFlags): { readonly advertiseAddress: string; readonly port: number } {
  const own = config.nodes > 0 ? hostAddress(config) : "127.0.0.1";
  return { advertiseAddress: flags.string("advertise-address") || own, port: config.port };
}
