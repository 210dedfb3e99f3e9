/** The verbs answer what the upstream server answered: status, reason, message, causes, object. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { type ApiServer, createApiServer } from "../../src/apiserver/server.ts";
import { inProcessClient } from "../../src/client/in-process-client.ts";
import { FakeClock } from "../../src/core/clock.ts";
import { silent } from "../../src/core/log.ts";
import { MetricsRegistry } from "../../src/core/metrics.ts";
import { builtinResources, type ResourceDeps } from "../../src/resources/index.ts";
import { memoryStore } from "../../src/store/memory-store.ts";
import type { Store } from "../../src/store/store.ts";
import { apiRequest, bytesOf, jsonHeaders, warningHeader } from "../control-plane/ask.ts";
import { type RecordedAnswer, requests, scrub } from "./requests.ts";

const answers = JSON.parse(readFileSync(new URL("answers.json", import.meta.url), "utf8")) as RecordedAnswer[];
const clock = new FakeClock();
let store: Store;
let server: ApiServer;

before(async () => {
  store = memoryStore({ clock, historyAge: 0 });
  server = createApiServer({ store, clock, log: silent, metrics: new MetricsRegistry(), admission: [] });
  const deps: ResourceDeps = {
    clock,
    log: silent,
    objects: (group, resource) => server.objects(group, resource),
    client: () => inProcessClient(server, { name: "system:apiserver", groups: ["system:masters"] }),
  };
  for (const definition of builtinResources(deps)) server.install(definition);
  await server.start();
});

after(async () => {
  await server.stop();
  await store.close();
});

/** Lets time pass, for what waits: watches until their end, reads for a version that never comes. */
async function inTime<T>(work: Promise<T>): Promise<T> {
  let done = false;
  const settled = work.finally(() => (done = true));
  while (!done) await clock.advance(1000);
  return settled;
}

for (const [i, { method, path, body, headers }] of requests.entries()) {
  const recorded = answers[i];
  const shown = body === undefined ? "" : ` ${(typeof body === "string" ? body : JSON.stringify(body)).slice(0, 80)}`;
  void test(`${i}: ${method} ${path.slice(0, 120)}${shown} is answered as upstream does`, async () => {
    assert.ok(recorded !== undefined, "recorded");
    const request = apiRequest({ method, path, body, headers: { ...jsonHeaders(body), ...headers } });
    const response = await inTime(server.handle(request));
    const warning = warningHeader(request.warnings);
    const got = {
      status: response.status,
      contentType: response.headers["content-type"] ?? "",
      ...(warning === undefined ? {} : { warning }),
      lines: scrub((await inTime(bytesOf(response))).toString()),
    };
    assert.deepEqual(got, recorded);
  });
}
