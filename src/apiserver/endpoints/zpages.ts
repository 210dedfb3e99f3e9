/**
 * `/statusz` and `/flagz` (KEP-4827, KEP-4828): text for people, and objects of config.k8s.io for those who ask for them by
 * name and version.
 */
import { ApiError } from "../../core/api-error.ts";
import type { Clock } from "../../core/clock.ts";
import type { ApiRequest, ApiResponse } from "../request.ts";
import type { ApiServer } from "../server-interface.ts";

const component = "apiserver";
const warning =
  "Warning: This endpoint is not meant to be machine parseable, has no formatting compatibility guarantees and is for debugging purposes only.";

type Form = { readonly text: true } | { readonly text: false; readonly yaml: boolean; readonly version: "v1alpha1" | "v1beta1" };

/** The first wish that can be granted. Throws 406. */
function formOf(request: ApiRequest, kind: string): Form {
  const accept = request.headers["accept"];
  if (typeof accept !== "string" || accept.trim() === "") return { text: true };
  for (const clause of accept.split(",")) {
    const [type = "", ...rest] = clause.split(";").map((part) => part.trim());
    const parameters = new Map(rest.map((p) => [p.slice(0, p.indexOf("=")), p.slice(p.indexOf("=") + 1)]));
    if (type === "text/plain" || type === "*/*" || type === "text/*") return { text: true };
    const version = parameters.get("v");
    if (parameters.get("g") !== "config.k8s.io" || parameters.get("as") !== kind) continue;
    if (version !== "v1alpha1" && version !== "v1beta1") continue;
    if (type === "application/json" || type === "application/yaml") return { text: false, yaml: type === "application/yaml", version };
  }
  throw new ApiError(406, "NotAcceptable", "only the following media types are accepted: application/json, application/yaml, text/plain");
}

async function answer(request: ApiRequest, kind: "Statusz" | "Flagz", text: () => string, fields: () => object): Promise<ApiResponse> {
  const form = formOf(request, kind);
  if (form.text) return { status: 200, headers: { "content-type": "text/plain; charset=utf-8" }, bytes: Buffer.from(text()) };
  const object = { kind, apiVersion: `config.k8s.io/${form.version}`, metadata: { name: component }, ...fields() };
  if (form.version === "v1alpha1")
    request.warnings.push(`This version of the ${kind.toLowerCase()} endpoint is deprecated. Please use a newer version.`);
  const media = form.yaml ? "application/yaml" : "application/json";
  const headers = { "content-type": `${media};g=config.k8s.io;v=${form.version};as=${kind}` };
  return { status: 200, headers, bytes: Buffer.from(form.yaml ? await asYaml(object) : asJson(request, object)) };
}

function asJson(request: ApiRequest, object: object): string {
  const agent = request.headers["user-agent"];
  const pretty = typeof agent === "string" && /^(curl|Wget|Mozilla\/5\.0)/.test(agent);
  return pretty ? JSON.stringify(object, null, 2) : `${JSON.stringify(object)}\n`;
}

async function asYaml(object: object): Promise<string> {
  const { stringifyYaml } = await import("../../lang/yaml.ts");
  return stringifyYaml(sorted(object));
}

/** Keys in order, all the way down, as sigs.k8s.io/yaml writes them. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, v]) => [key, sorted(v)]),
  );
}

/** `flags`: as they are shown, by name. */
export function addFlagz(server: Pick<ApiServer, "addRoute">, flags: () => ReadonlyMap<string, string>): void {
  const text = (): string => {
    const lines = [...flags()].map(([name, value]) => `${name} ${value}\n`);
    return `\n${component} flagz\n${warning}\n${lines.join("")}`;
  };
  server.addRoute({
    path: "/flagz",
    handle: (request) => answer(request, "Flagz", text, () => ({ flags: Object.fromEntries(flags()) })),
  });
}

export interface StatuszOptions {
  readonly clock: Clock;
  /** What runs the server: `go1.26` upstream. */
  readonly goVersion: string;
  /** `1.36.3` */
  readonly version: string;
  readonly paths: readonly string[];
}

export function addStatusz(server: Pick<ApiServer, "addRoute">, options: StatuszOptions): void {
  const { clock, goVersion, version, paths } = options;
  const started = clock.now();
  const emulationVersion = version.split(".").slice(0, 2).join(".");
  const uptime = (): number => Math.floor((clock.now() - started) / 1000);
  const fields = (): object => ({
    startTime: `${new Date(started).toISOString().slice(0, 19)}Z`,
    uptimeSeconds: uptime(),
    goVersion,
    binaryVersion: version,
    emulationVersion,
    paths,
  });
  const text = (): string => {
    const up = uptime();
    const two = (n: number): string => String(n).padStart(2, "0");
    const lines = [
      `Started:  ${unixDate(started)}`,
      `Up:  ${Math.floor(up / 3600)} hr ${two(Math.floor(up / 60) % 60)} min ${two(up % 60)} sec`,
      `Go version:  ${goVersion}`,
      `Binary version:  ${version}`,
      `Emulation version:  ${emulationVersion}`,
      `Paths:  ${paths.join(" ")}`,
    ];
    return `\n${component} statusz\n${warning}\n\n${lines.join("\n")}\n`;
  };
  server.addRoute({ path: "/statusz", handle: (request) => answer(request, "Statusz", text, fields) });
}

/** `Sat Nov 21 22:14:32 UTC 2026`, the day padded with a space. */
function unixDate(ms: number): string {
  const [day = "", date = "", month = "", year = "", time = ""] = new Date(ms).toUTCString().replace(",", "").split(" ");
  return `${day} ${month} ${String(Number(date)).padStart(2)} ${time} UTC ${year}`;
}
