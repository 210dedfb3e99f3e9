/** `/healthz`, `/livez` and `/readyz`, in upstream's text format. */
import type { ApiRequest, ApiResponse } from "../request.ts";
import type { ApiServer } from "../server-interface.ts";
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

/** Adds the three endpoints. The server's own readiness counts for `/readyz`. */
export function addHealthEndpoints(server: HealthServer, checks: readonly HealthCheck[] = []): void {
  for (const endpoint of ["healthz", "livez", "readyz"] as const) {
    const present = (): HealthCheck[] => {
      const own = [...ownChecks, ...checks].filter((c) => c.endpoints === undefined || c.endpoints.includes(endpoint));
      if (endpoint !== "readyz") return own;
      const missing = Object.entries(server.readiness()).map(([name, why]) => ({ name, check: () => why }));
      return [...own, ...missing];
    };
    server.addRoute({ path: `/${endpoint}`, handle: (request) => all(endpoint, present(), request) });
    server.addRoute({ path: `/${endpoint}/`, handle: (request) => one(present(), request.path.slice(endpoint.length + 2)) });
  }
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
