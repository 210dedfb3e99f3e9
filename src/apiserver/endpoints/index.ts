/** Everything a server answers beside its resources. */
import { type Clock, systemClock } from "../../core/clock.ts";
import type { MetricsRegistry } from "../../core/metrics.ts";
import type { Descriptions } from "../../schema/openapi/published.ts";
import { Discovery } from "../discovery/endpoints.ts";
import type { DiscoveryOptions } from "../discovery/endpoints.ts";
import type { ApiServer } from "../server-interface.ts";
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
  /** Absent: the server issues no tokens. */
  readonly openId?: Pick<OpenIdOptions, "issuer" | "keys" | "jwksUri"> | undefined;
}

const bundledDescriptions = async (): Promise<Descriptions> => (await import("../../schema/openapi/descriptions.ts")).loadDescriptions();

/** Adds discovery, health, version, metrics, key discovery and the list of paths. Before or after resources are installed. */
export function addEndpoints(server: ApiServer, options: EndpointOptions): Discovery {
  const discovery = new Discovery(server, options);
  addHealthEndpoints(server, options.healthChecks);
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
  addIndex(server, discovery);
  return discovery;
}
