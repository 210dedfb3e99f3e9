/** A server in memory that is asked as over HTTP, with built-in kinds and custom resources. */
import { addEndpoints } from "../../src/apiserver/endpoints/index.ts";
import { type ApiRequest, type ApiResponse, unresolvedInfo } from "../../src/apiserver/request.ts";
import { createApiServer } from "../../src/apiserver/server.ts";
import type { ApiServer } from "../../src/apiserver/server-interface.ts";
import { inProcessClient } from "../../src/client/in-process-client.ts";
import { versionInfo } from "../../src/cluster/version-info.ts";
import { systemClock } from "../../src/core/clock.ts";
import { silent } from "../../src/core/log.ts";
import { MetricsRegistry } from "../../src/core/metrics.ts";
import { admissionChain } from "../../src/resources/admission/index.ts";
import { startCustomResources } from "../../src/resources/custom-resources.ts";
import { builtinResources, groupVersionPriority, type ResourceDeps } from "../../src/resources/index.ts";
import { memoryStore } from "../../src/store/memory-store.ts";
import type { Step } from "./sequences.ts";

export interface Asked {
  readonly status: number;
  readonly warning?: string;
  /** JSON, or text where it is none. */
  readonly body: unknown;
}

export interface TestServer {
  readonly server: ApiServer;
  ask(step: Step): Promise<Asked>;
  stop(): Promise<void>;
}

export async function startServer(): Promise<TestServer> {
  const clock = systemClock;
  const store = memoryStore({ clock, historyAge: 0 });
  const metrics = new MetricsRegistry();
  const admission: ReturnType<typeof admissionChain> = [];
  const server = createApiServer({ store, clock, log: silent, metrics, admission });
  const deps: ResourceDeps = {
    clock,
    log: silent,
    objects: (group, resource) => server.objects(group, resource),
    client: () => inProcessClient(server, { name: "system:apiserver", groups: ["system:masters"] }, { userAgent: "kube-apiserver" }),
  };
  for (const definition of builtinResources(deps)) server.install(definition);
  admission.push(...admissionChain(deps, { metrics }));
  addEndpoints(server, { metrics, version: versionInfo(), priority: groupVersionPriority, serverAddress: () => "127.0.0.1:6443" });
  await server.start();
  const custom = await startCustomResources(server, { clock, log: silent });
  return {
    server,
    ask: (step) => ask(server, step),
    stop: async () => {
      custom.stop();
      await server.stop();
      await store.close();
    },
  };
}

async function ask(server: ApiServer, { method, path, body, headers }: Step): Promise<Asked> {
  const [pathname = "", query = ""] = path.split("?");
  const warnings: string[] = [];
  const request: ApiRequest = {
    method,
    path: pathname,
    query: new URLSearchParams(query),
    headers: { accept: "application/json", "content-type": body === undefined ? undefined : "application/json", ...headers },
    body: body === undefined ? undefined : Buffer.from(typeof body === "string" ? body : JSON.stringify(body)),
    user: { name: "admin", groups: ["system:masters"] },
    signal: new AbortController().signal,
    warnings,
    info: unresolvedInfo,
    log: silent,
  };
  const response = await server.handle(request);
  const text = textOf(response);
  const warning = warnings.map((w) => `299 - "${w.replace(/["\\]/g, "\\$&")}"`).join(", ");
  return { status: response.status, ...(warning === "" ? {} : { warning }), body: parsed(text) };
}

function textOf({ bytes }: ApiResponse): string {
  if (bytes === undefined) return "";
  return Buffer.concat(bytes instanceof Uint8Array ? [bytes] : [...bytes]).toString();
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    if (error instanceof SyntaxError) return text;
    throw error;
  }
}
