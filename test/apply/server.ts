/** A server in memory that is asked as over HTTP, with built-in kinds and custom resources. */
import { addEndpoints } from "../../src/apiserver/endpoints/index.ts";
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
import { apiRequest, bytesOf, jsonHeaders, jsonOrText, warningHeader } from "../control-plane/ask.ts";
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
  const request = apiRequest({ method, path, body, headers: { ...jsonHeaders(body), ...headers } });
  const response = await server.handle(request);
  const warning = warningHeader(request.warnings);
  const text = (await bytesOf(response)).toString();
  return { status: response.status, ...(warning === undefined ? {} : { warning }), body: jsonOrText(text) };
}
