/**
 * What an API server does beside answering: it says that it is there (identity lease), keeps the `kubernetes` Service and its
 * endpoints, repairs allocations of addresses and ports, and
 * judges flow schemas.
 */
import type { Timer } from "../../core/clock.ts";
import type { ResourceDeps } from "../deps.ts";
import { Aggregation } from "../aggregation/index.ts";
import { ServiceAllocators } from "../services/allocators.ts";
import { repairAddresses } from "../services/repair-addresses.ts";
import { ApiServiceRegistration } from "./api-services.ts";
import { reconcileFlowSchemas } from "./flow-schemas.ts";
import { followFlowControl } from "./flow-control.ts";
import { publishAuthenticationInfo } from "./authentication-info.ts";
import { reconcileKubernetesService } from "./kubernetes-service.ts";
import { trackLegacyTokens } from "./legacy-token-tracking.ts";
import type { ServerLoopOptions } from "./options.ts";
import { ServerIdentity } from "./server-identity.ts";

export type { AuthenticationInfo, ServerLoopOptions } from "./options.ts";
export { serverName } from "./server-identity.ts";

export interface ServerLoops {
  /** Withdraws this server from the endpoints and ends the loops. */
  stop(): Promise<void>;
}

const endpointsMs = 10_000;
const flowSchemasMs = 30_000;
const repairMs = 3 * 60 * 1000;
const legacyTokensMs = 30 * 60 * 1000;
const leasesMs = 60 * 60 * 1000;

/** Resolves when the `kubernetes` Service exists and names this server. */
export async function startServerLoops(deps: ResourceDeps, options: ServerLoopOptions): Promise<ServerLoops> {
  const identity = new ServerIdentity(deps, options);
  const publish = async (): Promise<void> => {
    await identity.renew();
    await reconcileKubernetesService(deps, options, await identity.addresses());
  };
  const registration = options.server === undefined ? undefined : new ApiServiceRegistration(deps, options.server);
  const info = options.authentication;
  await Promise.all([
    publish(),
    registration?.reconcile(),
    info === undefined ? undefined : publishAuthenticationInfo(deps, info),
    info === undefined ? undefined : trackLegacyTokens(deps),
  ]);
  const onChange = (): void => registration?.changed();
  const aggregation = options.aggregation === undefined ? undefined : new Aggregation(deps, { ...options.aggregation, onChange });
  const running = new Set<Promise<void>>();
  const run = (what: string, work: () => Promise<void>): void => {
    const done: Promise<void> = work()
      .catch((error: unknown) => deps.log.warn(`${what} failed, to be tried again`, { error }))
      .finally(() => running.delete(done));
    running.add(done);
  };
  const repair = async (): Promise<void> => {
    await repairAddresses(deps);
    await ServiceAllocators.of(deps).repairPorts();
  };
  const timers: Timer[] = [
    deps.clock.setInterval(() => run("judging flow schemas", () => reconcileFlowSchemas(deps)), flowSchemasMs),
    deps.clock.setInterval(() => run("keeping the kubernetes Service", publish), endpointsMs),
    deps.clock.setInterval(() => run("repairing service allocations", repair), repairMs),
    deps.clock.setInterval(() => run("tracking legacy tokens", () => trackLegacyTokens(deps)), legacyTokensMs),
    deps.clock.setInterval(() => run("collecting leases of servers that are gone", () => identity.collect()), leasesMs),
  ];
  const unfollow = await followFairness(deps, options, () => run("judging flow schemas", () => reconcileFlowSchemas(deps)));
  info?.onChange(() => run("publishing authorities", () => publishAuthenticationInfo(deps, info)));
  run("repairing service allocations", repair);
  run("judging flow schemas", () => reconcileFlowSchemas(deps));
  return {
    stop: async () => {
      for (const timer of timers) timer.cancel();
      aggregation?.stop();
      unfollow();
      await registration?.stop();
      await Promise.all(running);
      await identity.withdraw();
      await reconcileKubernetesService(deps, options, await identity.addresses());
    },
  };
}

/** Answers how to end it. */
async function followFairness(deps: ResourceDeps, { server, flowControl }: ServerLoopOptions, changed: () => void): Promise<() => void> {
  if (server === undefined || flowControl === undefined) return () => undefined;
  return followFlowControl(server, flowControl, deps, changed);
}
