/** A server with the whole admission chain, webhooks and policies among it, and custom resources. */
import { MetricsRegistry } from "../../src/core/metrics.ts";
import { createApiServer, type ApiServer } from "../../src/apiserver/server.ts";
import type { AdmissionPlugin } from "../../src/apiserver/admission.ts";
import type { Authorizer } from "../../src/auth/authorizer.ts";
import type { UserInfo } from "../../src/auth/user.ts";
import { ApiError } from "../../src/core/api-error.ts";
import { systemClock } from "../../src/core/clock.ts";
import { silent } from "../../src/core/log.ts";
import { inProcessClient } from "../../src/client/in-process-client.ts";
import { genericAdmission, webhookServices } from "../../src/resources/admission/generic.ts";
import { admissionChain } from "../../src/resources/admission/index.ts";
import { startCustomResources } from "../../src/resources/custom-resources.ts";
import { builtinResources, type ResourceDeps } from "../../src/resources/index.ts";
import { ensureBootstrapObjects } from "../../src/resources/bootstrap.ts";
import { memoryStore } from "../../src/store/memory-store.ts";
import type { UnstructuredObject } from "../../src/schema/object.ts";
import { apiRequest, bytesOf } from "../control-plane/ask.ts";

export interface Answer {
  readonly status: number;
  readonly object: UnstructuredObject;
  readonly warnings: readonly string[];
  /** Of the audit event. */
  readonly annotations: ReadonlyMap<string, string>;
}

export interface Cluster extends AsyncDisposable {
  readonly server: ApiServer;
  readonly metrics: MetricsRegistry;
  /** Any request; never throws for its answer. */
  ask(method: string, url: string, body?: object | string, contentType?: string, user?: UserInfo): Promise<Answer>;
  /** As {@link ask}, throws when the answer is a failure. */
  must(method: string, url: string, body?: object | string, contentType?: string): Promise<UnstructuredObject>;
}

const administrator: UserInfo = { name: "alice", groups: ["system:masters", "system:authenticated"], uid: "u-1", extra: { team: ["red"] } };

/** What is only to be refused before it would be answered. */
const unanswered = (): Promise<never> => Promise.reject(new Error("nobody answers here"));

export async function startCluster(options: { authorizer?: Authorizer; configurationFile?: string } = {}): Promise<Cluster> {
  const [clock, log] = [systemClock, silent];
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
    handlers: { "authorization.k8s.io/localsubjectaccessreviews": unanswered, "/serviceaccounts/token": unanswered },
    ...(options.authorizer === undefined ? {} : { authorizer: options.authorizer }),
  };
  for (const definition of builtinResources(deps)) server.install(definition);
  const generic = genericAdmission(deps, { server, metrics, configurationFile: options.configurationFile });
  admission.push(...admissionChain(deps, { metrics, generic: generic.plugins }));
  await server.start();
  await ensureBootstrapObjects(client, { serviceCidrs: ["10.96.0.0/16"], clock });
  const custom = await startCustomResources(server, { clock, log, metrics, resolveService: webhookServices(deps) });
  await generic.start();
  const ask: Cluster["ask"] = async (method, url, body, contentType = "application/json", user = administrator) => {
    const annotations = new Map<string, string>();
    const headers = { "content-type": contentType, accept: "application/json", "user-agent": "test" };
    const request = { ...apiRequest({ method, path: url, headers, body, user }), auditAnnotations: annotations };
    const response = await server.handle(request);
    const text = (await bytesOf(response)).toString();
    const object = (response.object ?? (text === "" ? {} : JSON.parse(text))) as UnstructuredObject;
    return { status: response.status, object, warnings: request.warnings, annotations };
  };
  return {
    server,
    metrics,
    ask,
    must: async (...args) => {
      const { status, object } = await ask(...args);
      if (status >= 400) throw ApiError.fromStatus(object as object);
      return object;
    },
    [Symbol.asyncDispose]: async () => {
      generic.stop();
      custom.stop();
      await server.stop();
      await store.close();
    },
  };
}

/** Waits for what follows a write within the same process, such as a definition being established. */
export async function eventually<T>(look: () => Promise<T | undefined> | T | undefined): Promise<T> {
  for (let attempt = 0; attempt < 500; attempt++) {
    const found = await look();
    if (found !== undefined) return found;
    await new Promise((done) => setTimeout(done, 10));
  }
  throw new Error("it never came to be");
}
