/** Small endpoints that are no resources: version, metrics, the keys of service accounts, the list of paths. */
import { jsonWebKeySet, openIdConfiguration } from "../../auth/oidc-discovery.ts";
import type { VerificationKey } from "../../auth/service-account/jwt.ts";
import { type Clock, systemClock } from "../../core/clock.ts";
import type { MetricsRegistry } from "../../core/metrics.ts";
import { addProcessMetrics } from "../../host/process-metrics.ts";
import { metricsAnswer } from "./metrics-answer.ts";
import { apiVersionOf } from "../../schema/resource-ref.ts";
import { methodNotAllowed } from "../discovery/endpoints.ts";
import type { Discovery } from "../discovery/endpoints.ts";
import { requireJson } from "../encoding/negotiation.ts";
import type { ApiRequest, ApiResponse } from "../request.ts";
import type { ApiServer } from "../server-interface.ts";

type RouteServer = Pick<ApiServer, "addRoute">;

/** What `/version` says; `kubectl version` shows `gitVersion`. */
export interface VersionInfo {
  readonly major: string;
  readonly minor: string;
  /** Default: one less than `minor`. */
  readonly minCompatibilityMinor?: string | undefined;
  readonly gitVersion: string;
  readonly gitCommit: string;
  readonly gitTreeState: string;
  readonly buildDate: string;
  readonly goVersion: string;
  readonly compiler: string;
  readonly platform: string;
}

/** `/version`, always with line breaks, as upstream writes it. */
export function addVersion(server: RouteServer, version: VersionInfo): void {
  const { major, minor, minCompatibilityMinor = String(Number(minor) - 1), ...rest } = version;
  const emulation = { emulationMajor: major, emulationMinor: minor };
  const compatibility = { minCompatibilityMajor: major, minCompatibilityMinor };
  const bytes = Buffer.from(JSON.stringify({ major, minor, ...emulation, ...compatibility, ...rest }, null, 2));
  for (const path of ["/version", "/version/"]) {
    server.addRoute({
      path,
      handle: ({ method, headers }) => {
        if (method !== "GET") throw methodNotAllowed();
        requireJson(headers["accept"] as string | undefined);
        return { status: 200, headers: { "content-type": "application/json" }, bytes };
      },
    });
  }
}

/** `/metrics` in the text exposition format. The process tells of itself as Prometheus' own clients do. */
export function addMetrics(server: RouteServer, metrics: MetricsRegistry, clock: Clock = systemClock): void {
  const started = Math.floor(clock.now() / 1000 - process.uptime());
  metrics.gauge("process_start_time_seconds", "Start time of the process since unix epoch in seconds.").set(started);
  const memory = metrics.gauge("process_resident_memory_bytes", "Resident memory size in bytes.");
  addProcessMetrics(metrics);
  const cpu = metrics.counter("process_cpu_seconds_total", "Total user and system CPU time spent in seconds.");
  let spent = 0;
  metrics.onCollect(() => {
    memory.set(process.memoryUsage.rss());
    const { user, system } = process.cpuUsage();
    const now = (user + system) / 1e6;
    cpu.inc({}, now - spent);
    spent = now;
  });
  server.addRoute({
    path: "/metrics",
    handle: () => metricsAnswer(metrics),
  });
}

export interface OpenIdOptions {
  readonly issuer: string;
  /** `host:port` at which relying parties reach the server. */
  readonly serverAddress: () => string;
  readonly keys: () => readonly VerificationKey[];
  /** Where the keys are said to be; at the server's own address when absent. */
  readonly jwksUri?: string | undefined;
}

/** `/.well-known/openid-configuration` and `/openid/v1/jwks`. */
export function addOpenId(server: RouteServer, options: OpenIdOptions): void {
  const cached = (type: string, document: object): ApiResponse => ({
    status: 200,
    headers: { "content-type": type, "cache-control": "public, max-age=3600" },
    bytes: Buffer.from(JSON.stringify(document)),
  });
  server.addRoute({
    path: "/.well-known/openid-configuration",
    handle: ({ headers }) => {
      requireJson(headers["accept"] as string | undefined);
      const jwks = options.jwksUri ?? `https://${options.serverAddress()}/openid/v1/jwks`;
      return cached("application/json", openIdConfiguration(options.issuer, jwks, options.keys()));
    },
  });
  server.addRoute({
    path: "/openid/v1/jwks",
    handle: () => cached("application/jwk-set+json", jsonWebKeySet(options.keys())),
  });
}

const fixedPaths = [
  "/.well-known/openid-configuration",
  "/api",
  "/apis",
  "/apis/",
  "/metrics",
  "/openapi/v2",
  "/openapi/v3",
  "/openapi/v3/",
  "/openid/v1/jwks",
  "/version",
];

/** `/`: every path there is, apart from the resources. `more`: what else the server answers. */
export function addIndex(server: RouteServer, discovery: Discovery, more: readonly string[]): void {
  const handle = ({ path }: ApiRequest): ApiResponse => {
    if (path !== "/" && path !== "/index.html") return notThere;
    const groups = discovery.groups.flatMap(({ group, versions }) => [
      ...(group === "" ? [] : [`/apis/${group}`]),
      ...versions.map((v) => (group === "" ? `/api/${v.version}` : `/apis/${apiVersionOf({ group, version: v.version })}`)),
    ]);
    const paths = [...fixedPaths, ...more, ...groups].sort();
    return {
      status: 200,
      headers: { "content-type": "application/json" },
      bytes: Buffer.from(JSON.stringify({ paths }, null, 2)),
    };
  };
  // Upstream answers the second, too, and does not list it.
  for (const path of ["/", "/index.html"]) server.addRoute({ path, handle });
}

const notThere: ApiResponse = {
  status: 404,
  headers: { "content-type": "text/plain; charset=utf-8", "x-content-type-options": "nosniff" },
  bytes: Buffer.from("404 page not found\n"),
};
