/** A real API server with both ways to it: in-process and over TLS. Its administrator is in `system:masters`; nobody else may do anything. */
import { addEndpoints } from "../../src/apiserver/endpoints/index.ts";
import { createApiServer, type ApiServer } from "../../src/apiserver/server.ts";
import { listen, type HttpFront } from "../../src/apiserver/http/front.ts";
import { allowGroups } from "../../src/auth/authorizers.ts";
import { requestAuthenticator } from "../../src/auth/request-authenticator.ts";
import type { Client } from "../../src/client/client.ts";
import type { ClientConfig } from "../../src/client/config.ts";
import { httpClient, type HttpClient } from "../../src/client/http-client.ts";
import { inProcessClient } from "../../src/client/in-process-client.ts";
import { type Clock, systemClock } from "../../src/core/clock.ts";
import { silent } from "../../src/core/log.ts";
import { MetricsRegistry } from "../../src/core/metrics.ts";
import { createCa, issueCertificate } from "../../src/host/pki.ts";
import { readCertificates } from "../../src/host/x509.ts";
import { versionInfo } from "../../src/cluster/version-info.ts";
import { builtinResources, type ResourceDeps } from "../../src/resources/index.ts";
import { memoryStore } from "../../src/store/memory-store.ts";
import type { Store } from "../../src/store/store.ts";

export interface Reachable extends AsyncDisposable {
  readonly server: ApiServer;
  readonly store: Store;
  readonly url: string;
  readonly local: Client;
  /** A client over the network with the administrator's certificate. */
  connect(options?: Partial<ClientConfig>): HttpClient;
  /** The front and server go and come back on the same port and store. */
  restart(): Promise<void>;
}

const ca = createCa({ commonName: "test" });
const authorities = readCertificates(ca.certificate);
const serving = issueCertificate(ca, { commonName: "localhost", sans: ["localhost", "127.0.0.1"], usages: ["server"] });
const admin = issueCertificate(ca, { commonName: "admin", organizations: ["system:masters"], usages: ["client"] });

export async function startReachable(options: { clock?: Clock; store?: Store } = {}): Promise<Reachable> {
  const clock = options.clock ?? systemClock;
  const store = options.store ?? memoryStore({ clock });
  let server = await startOn(store, clock);
  const handler = { handle: (request: Parameters<ApiServer["handle"]>[0]) => server.handle(request) };
  const tls = { certificate: serving.certificate, key: serving.key, clientCa: ca.certificate };
  let front: HttpFront = await listen(handler, { port: 0, tls });
  const { port } = front;
  const clients: HttpClient[] = [];
  return {
    get server() {
      return server;
    },
    store,
    url: `https://127.0.0.1:${port}`,
    local: inProcessClient(handler, { name: "admin", groups: ["system:masters"] }),
    connect: (config = {}) => {
      const client = httpClient({
        server: `https://127.0.0.1:${port}`,
        certificateAuthority: ca.certificate,
        clientCertificate: admin.certificate,
        clientKey: admin.key,
        ...config,
      });
      clients.push(client);
      return client;
    },
    restart: async () => {
      await front.close(10);
      await server.stop();
      server = await startOn(store, clock);
      front = await listen(handler, { port, tls });
    },
    [Symbol.asyncDispose]: async () => {
      for (const client of clients) client.close();
      await front.close(10);
      await server.stop();
      await store.close();
    },
  };
}

async function startOn(store: Store, clock: Clock): Promise<ApiServer> {
  const metrics = new MetricsRegistry();
  const server: ApiServer = createApiServer({
    store,
    clock,
    log: silent,
    metrics,
    admission: [],
    authenticator: requestAuthenticator({ clientAuthorities: () => authorities, anonymous: {} }),
    authorizer: allowGroups(),
  });
  const master = inProcessClient(server, { name: "admin", groups: ["system:masters"] });
  const deps: ResourceDeps = { clock, log: silent, objects: (group, resource) => server.objects(group, resource), client: () => master };
  for (const definition of builtinResources(deps)) server.install(definition);
  addEndpoints(server, { metrics, version: versionInfo(), serverAddress: () => "127.0.0.1:443" });
  await server.start();
  return server;
}
