/** `/healthz`, `/livez` and `/readyz`, in upstream's text format. */
import type { ApiRequest, ApiResponse } from "../request.ts";
import type { ApiServer } from "../server-interface.ts";
import { systemClock } from "../../core/clock.ts";
import { MetricsRegistry } from "../../core/metrics.ts";
import { metricsAnswer } from "./metrics-answer.ts";
import { pageNotFound } from "../discovery/endpoints.ts";

export type HealthEndpoint = "healthz" | "livez" | "readyz";

export interface HealthCheck {
  readonly name: string;
  /** Absent: all three. */
  readonly endpoints?: readonly HealthEndpoint[] | undefined;
  /** Undefined when all is well, otherwise what is wrong: it is shown to those who ask for this check alone. */
  check(): string | undefined;
}

const well = (): undefined => undefined;

/** What every server can say of itself. */
const ownChecks: readonly HealthCheck[] = [
  { name: "ping", check: well },
  { name: "log", check: well },
];

type HealthServer = Pick<ApiServer, "addRoute" | "readiness">;

/**
 * Adds the three endpoints, and `/metrics/slis`, which tells the same in numbers. The server's own readiness counts for `/readyz`.
 * Answers the paths of all.
 */
export function addHealthEndpoints(server: HealthServer, checks: readonly HealthCheck[] = []): string[] {
  const slis = new MetricsRegistry();
  const labels = ["name", "type"] as const;
  const results = slis.gauge("kubernetes_healthcheck", "[STABLE] This metric records the result of a single healthcheck.", labels);
  const totals = slis.counter("kubernetes_healthchecks_total", "[STABLE] This metric records the results of all healthcheck.", [
    "name",
    "status",
    "type",
  ]);
  slis
    .gauge("process_start_time_seconds", "[ALPHA] Start time of the process since unix epoch in seconds.")
    .set(systemClock.now() / 1000 - process.uptime());
  const paths: string[] = ["/metrics/slis"];
  const everything: (() => void)[] = [];
  for (const endpoint of ["healthz", "livez", "readyz"] as const) {
    const present = (): HealthCheck[] => {
      const own = [...ownChecks, ...checks].filter((c) => c.endpoints === undefined || c.endpoints.includes(endpoint));
      if (endpoint !== "readyz") return own;
      const missing = server.readiness();
      const named = Object.keys(missing).filter((name) => name !== "shutdown");
      return [...own, ...[...named, "shutdown"].map((name) => ({ name, check: () => missing[name] }))];
    };
    /** Each look is counted. */
    const measured = (): HealthCheck[] =>
      present().map(({ name, check }) => ({
        name,
        check: () => {
          const why = check();
          results.set(why === undefined ? 1 : 0, { name, type: endpoint });
          totals.inc({ name, status: why === undefined ? "success" : "error", type: endpoint });
          return why;
        },
      }));
    everything.push(() => {
      for (const { check } of measured()) check();
    });
    server.addRoute({ path: `/${endpoint}`, handle: (request) => all(endpoint, measured(), request) });
    server.addRoute({ path: `/${endpoint}/`, handle: (request) => one(measured(), request.path.slice(endpoint.length + 2)) });
    paths.push(`/${endpoint}`, ...present().map(({ name }) => `/${endpoint}/${name}`));
  }
  server.addRoute({
    path: "/metrics/slis",
    handle: () => {
      for (const look of everything) look();
      return metricsAnswer(slis);
    },
  });
  return paths;
}

function text(status: number, body: string): ApiResponse {
  return {
    status,
    headers: { "content-type": "text/plain; charset=utf-8", "x-content-type-options": "nosniff" },
    bytes: Buffer.from(body),
  };
}

function all(endpoint: HealthEndpoint, checks: readonly HealthCheck[], request: ApiRequest): ApiResponse {
  const excluded = new Set(request.query.getAll("exclude"));
  let lines = "";
  let failed = false;
  for (const { name, check } of checks) {
    if (excluded.delete(name)) lines += `[+]${name} excluded: ok\n`;
    else if (check() === undefined) lines += `[+]${name} ok\n`;
    else {
      failed = true;
      lines += `[-]${name} failed: reason withheld\n`;
    }
  }
  if (excluded.size > 0) {
    const names = [...excluded].sort().map((n) => JSON.stringify(n));
    lines += `warn: some health checks cannot be excluded: no matches for ${names.join(",")}\n`;
  }
  if (failed) return text(500, `${lines}${endpoint} check failed\n`);
  return text(200, request.query.has("verbose") ? `${lines}${endpoint} check passed\n` : "ok");
}

function one(checks: readonly HealthCheck[], name: string): ApiResponse {
  const found = checks.find((c) => c.name === name);
  if (found === undefined) return pageNotFound();
  const why = found.check();
  if (why === undefined) return { status: 200, headers: { "content-type": "text/plain; charset=utf-8" }, bytes: Buffer.from("ok") };
  return text(500, `internal server error: ${why}\n`);
}
