/** The verbs answer what the upstream server answered: status, reason, message, causes, object. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import type { ApiRequest, ApiResponse } from "../../src/apiserver/request.ts";
import { unresolvedInfo } from "../../src/apiserver/request.ts";
import { type ApiServer, createApiServer } from "../../src/apiserver/server.ts";
import { inProcessClient } from "../../src/client/in-process-client.ts";
import { FakeClock } from "../../src/core/clock.ts";
import { silent } from "../../src/core/log.ts";
import { MetricsRegistry } from "../../src/core/metrics.ts";
import { builtinResources, type ResourceDeps } from "../../src/resources/index.ts";
import { memoryStore } from "../../src/store/memory-store.ts";
import type { Store } from "../../src/store/store.ts";
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

async function textOf(response: ApiResponse, signal: AbortController): Promise<string> {
  if (response.stream !== undefined) {
    let text = "";
    await response.stream({
      write: (chunk) => {
        text += Buffer.from(chunk).toString();
        return true;
      },
      onDrain: (run) => run(),
      end: () => undefined,
      destroy: () => undefined,
      signal: signal.signal,
      buffered: 0,
    });
    return text;
  }
  const { bytes } = response;
  if (bytes === undefined) return "";
  return Buffer.concat(bytes instanceof Uint8Array ? [bytes] : [...bytes]).toString();
}

for (const [i, { method, path, body, headers }] of requests.entries()) {
  const recorded = answers[i];
  const shown = body === undefined ? "" : ` ${(typeof body === "string" ? body : JSON.stringify(body)).slice(0, 80)}`;
  void test(`${i}: ${method} ${path.slice(0, 120)}${shown} is answered as upstream does`, async () => {
    assert.ok(recorded !== undefined, "recorded");
    const [pathname = "", query = ""] = path.split("?");
    const abort = new AbortController();
    const warnings: string[] = [];
    const request: ApiRequest = {
      method,
      path: pathname,
      query: new URLSearchParams(query),
      headers: { accept: "application/json", "content-type": body === undefined ? undefined : "application/json", ...headers },
      body: body === undefined ? undefined : Buffer.from(typeof body === "string" ? body : JSON.stringify(body)),
      user: { name: "admin", groups: ["system:masters"] },
      signal: abort.signal,
      warnings,
      info: unresolvedInfo,
      log: silent,
    };
    const response = await inTime(server.handle(request));
    const warning = warnings.map((w) => `299 - "${w.replace(/["\\]/g, "\\$&")}"`).join(", ");
    const got = {
      status: response.status,
      contentType: response.headers["content-type"] ?? "",
      ...(warning === "" ? {} : { warning }),
      lines: scrub(await inTime(textOf(response, abort))),
    };
    assert.deepEqual(got, recorded);
  });
}
