/** Everything a server answers beside its resources. */
import { type Clock, systemClock } from "../../core/clock.ts";
import type { MetricsRegistry } from "../../core/metrics.ts";
import type { Descriptions } from "../../schema/openapi/published.ts";
import { Discovery } from "../discovery/endpoints.ts";
import type { DiscoveryOptions } from "../discovery/endpoints.ts";
import { addFlowControlDumps } from "../flow-control/dump.ts";
import type { FlowControl } from "../flow-control/controller.ts";
import type { ApiServer } from "../server-interface.ts";
import { addLogs } from "./logs.ts";
import { addProfiling, type ProfilingOptions } from "./profiling.ts";
import { addFlagz, addStatusz } from "./zpages.ts";
import { addHealthEndpoints } from "./health.ts";
import type { HealthCheck } from "./health.ts";
import { addOpenApi } from "./openapi.ts";
import type { OpenApiOptions } from "./openapi.ts";
import { addIndex, addMetrics, addOpenId, addVersion } from "./plain.ts";
import type { OpenIdOptions, VersionInfo } from "./plain.ts";

export interface EndpointOptions extends DiscoveryOptions {
  readonly version: VersionInfo;
  readonly metrics: MetricsRegistry;
  /** Default: the system's. */
  readonly clock?: Clock | undefined;
  /** What OpenAPI says that fields mean. Default: the descriptions beside the bundle. */
  readonly descriptions?: OpenApiOptions["descriptions"];
  readonly healthChecks?: readonly HealthCheck[] | undefined;
  /** `/flagz`: as they are shown, by name. Absent: there is no such page. */
  readonly flags?: (() => ReadonlyMap<string, string>) | undefined;
  /** `/statusz`; default: there is none. */
  readonly statusz?: boolean | undefined;
  /** `/debug/pprof` and `/debug/flags`; absent: not served. */
  readonly debug?: ProfilingOptions | undefined;
  /** `/logs`: the files of /var/log. Default: not served. */
  readonly logs?: boolean | undefined;
  /** Its dumps are served. */
  readonly flowControl?: FlowControl | undefined;
  /** Absent: the server issues no tokens. */
  readonly openId?: Pick<OpenIdOptions, "issuer" | "keys" | "jwksUri"> | undefined;
}

const bundledDescriptions = async (): Promise<Descriptions> => (await import("../../schema/openapi/descriptions.ts")).loadDescriptions();

/** Adds discovery, health, version, metrics, key discovery and the list of paths. Before or after resources are installed. */
export function addEndpoints(server: ApiServer, options: EndpointOptions): Discovery {
  const discovery = new Discovery(server, options);
  const paths = addHealthEndpoints(server, options.healthChecks);
  addVersion(server, options.version);
  addMetrics(server, options.metrics);
  if (options.openId !== undefined) addOpenId(server, { ...options.openId, serverAddress: options.serverAddress });
  const descriptions = options.descriptions ?? bundledDescriptions;
  addOpenApi(server, {
    clock: options.clock ?? systemClock,
    build: options.version.gitVersion,
    descriptions,
    aggregator: options.aggregator,
  });
  const { debug, flags, flowControl } = options;
  const clock = options.clock ?? systemClock;
  if (flags !== undefined) {
    addFlagz(server, flags);
    paths.push("/flagz");
  }
  if (options.statusz === true) {
    const pages = ["/healthz", "/livez", "/metrics", "/readyz", "/statusz", "/version"];
    const { goVersion, gitVersion } = options.version;
    addStatusz(server, {
      clock,
      goVersion,
      version: gitVersion.replace(/^v/, ""),
      paths: flags === undefined ? pages : ["/flagz", ...pages],
    });
    paths.push("/statusz");
  }
  if (debug !== undefined) addProfiling(server, debug);
  if (flowControl !== undefined) {
    addFlowControlDumps(server, flowControl, () => ({ epoch: clock.now(), monotonic: clock.monotonic() }));
  }
  if (options.logs === true) {
    addLogs(server);
    paths.push("/logs");
  }
  addIndex(server, discovery, paths);
  return discovery;
}
