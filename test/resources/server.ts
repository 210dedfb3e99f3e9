/** A whole API server in this process, over a memory store: what the scenario tests of the built-in resources talk to. */
import { addEndpoints } from "../../src/apiserver/endpoints/index.ts";
import { createApiServer, type ApiServer } from "../../src/apiserver/server.ts";
import type { AdmissionPlugin } from "../../src/apiserver/admission.ts";
import type { Client } from "../../src/client/client.ts";
import { inProcessClient } from "../../src/client/in-process-client.ts";
import { FakeClock, systemClock, type Clock } from "../../src/core/clock.ts";
import { silent, type Logger } from "../../src/core/log.ts";
import { MetricsRegistry } from "../../src/core/metrics.ts";
import { builtinResources, groupVersionPriority, type ResourceDeps } from "../../src/resources/index.ts";
import { versionInfo } from "../../src/cluster/version-info.ts";
import { memoryStore } from "../../src/store/memory-store.ts";

export interface TestServer extends AsyncDisposable {
  readonly server: ApiServer;
  readonly client: Client;
  readonly clock: Clock;
  readonly deps: ResourceDeps;
}

export interface TestOptions {
  readonly clock?: Clock;
  readonly deps?: Partial<ResourceDeps>;
  readonly admission?: (deps: ResourceDeps) => AdmissionPlugin[];
  readonly log?: Logger;
}

export async function startServer(options: TestOptions = {}): Promise<TestServer> {
  const clock = options.clock ?? systemClock;
  const log = options.log ?? silent;
  const store = memoryStore({ clock });
  const admission: AdmissionPlugin[] = [];
  const metrics = new MetricsRegistry();
  const server = createApiServer({ store, clock, log, metrics, admission });
  const client = inProcessClient(server, { name: "system:apiserver", groups: ["system:masters", "system:authenticated"] });
  const deps: ResourceDeps = {
    clock,
    log,
    objects: (group, resource) => server.objects(group, resource),
    client: () => client,
    ...options.deps,
  };
  for (const definition of builtinResources(deps)) server.install(definition);
  addEndpoints(server, { metrics, version: versionInfo(), serverAddress: () => "127.0.0.1:6443", priority: groupVersionPriority });
  admission.push(...(options.admission?.(deps) ?? []));
  await server.start();
  return {
    server,
    client,
    clock,
    deps,
    [Symbol.asyncDispose]: async () => {
      await server.stop();
      await store.close();
    },
  };
}

export { FakeClock };
