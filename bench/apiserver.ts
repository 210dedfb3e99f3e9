/**
 * The API server's core by itself, without HTTP: how much CPU an operation takes, in bytes (as the front asks) and as
 * objects (as components in the same process ask). The store is durable.
 *
 * usage: node bench/apiserver.ts [COUNT=2000] [AUDIT LEVEL: None, Metadata, Request or RequestResponse, to a file]
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Auditor, LogBackend, parseAuditPolicy, RotatingFile } from "../src/apiserver/audit/index.ts";
import { type ApiRequest, unresolvedInfo } from "../src/apiserver/request.ts";
import { createApiServer } from "../src/apiserver/server.ts";
import { inProcessClient } from "../src/client/in-process-client.ts";
import { systemClock } from "../src/core/clock.ts";
import { silent } from "../src/core/log.ts";
import { MetricsRegistry } from "../src/core/metrics.ts";
import type { KubeObject } from "../src/schema/object.ts";
import { builtinResources, type ResourceDeps } from "../src/resources/index.ts";
import { openStore } from "../src/store/open-store.ts";

const count = Number(process.argv[2] ?? 2000);
const directory = mkdtempSync(join(tmpdir(), "tsukube-bench-"));
const store = await openStore({ clock: systemClock, directory });
const metrics = new MetricsRegistry();
const audit = auditor(process.argv[3]);
const server = createApiServer({ store, clock: systemClock, log: silent, metrics, admission: [], audit });
const deps: ResourceDeps = {
  clock: systemClock,
  log: silent,
  objects: (group, resource) => server.objects(group, resource),
  client: () => inProcessClient(server, { name: "system:apiserver", groups: ["system:masters"] }),
};
for (const definition of builtinResources(deps)) server.install(definition);
await server.start();

/** Events of every request at this level, to a file beside the store. */
function auditor(level: string | undefined): Auditor | undefined {
  if (level === undefined) return undefined;
  const policy = parseAuditPolicy(`{apiVersion: audit.k8s.io/v1, kind: Policy, rules: [{level: ${level}}]}`, "policy");
  const made = new Auditor({ policy, clock: systemClock, log: silent, metrics });
  const file = { path: join(directory, "audit.log"), maxSize: 1000, maxAge: 0, maxBackups: 1, compress: false, clock: systemClock };
  const to = new RotatingFile({ ...file, warn: (message) => process.stderr.write(`${message}\n`) });
  made.attach(new LogBackend({ format: "json", to, strict: false }, made.failed));
  return made;
}

const user = { name: "bench", groups: ["system:masters"] };
const { signal } = new AbortController();
const protobuf = "application/vnd.kubernetes.protobuf";

function ask(method: string, url: string, more: Partial<ApiRequest> = {}): ReturnType<typeof server.handle> {
  const [path = "", query = ""] = url.split("?");
  const request: ApiRequest = {
    method,
    path,
    query: new URLSearchParams(query),
    headers: {},
    user,
    signal,
    warnings: [],
    info: unresolvedInfo,
    log: silent,
    ...more,
  };
  return server.handle(request);
}

const pods = "/api/v1/namespaces/bench/pods";
const name = (i: number): string => `pod-${String(i).padStart(5, "0")}`;
const pod = (i: number): KubeObject & { spec: object } => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: {
    name: name(i),
    namespace: "bench",
    labels: { app: "bench", shard: String(i % 10) },
    annotations: { "bench/annotation": "x".repeat(200) },
  },
  spec: {
    nodeName: "none",
    automountServiceAccountToken: false,
    containers: [
      {
        name: "main",
        image: "registry.local/app:1",
        env: ["A", "B", "C"].map((n, j) => ({ name: n, value: String(j) })),
        ports: [{ name: "http", containerPort: 8080 }],
      },
    ],
  },
});

async function phase(title: string, times: number, run: (i: number) => Promise<unknown>, workers = 16): Promise<void> {
  let next = 0;
  const cpu = process.cpuUsage();
  const begun = performance.now();
  const work = async (): Promise<void> => {
    while (next < times) await run(next++);
  };
  await Promise.all(Array.from({ length: workers }, work));
  const elapsed = performance.now() - begun;
  const used = process.cpuUsage(cpu);
  const micros = (used.user + used.system) / times;
  console.log(
    `${title.padEnd(34)} ${micros.toFixed(1).padStart(9)} µs CPU an operation ${((times / elapsed) * 1000).toFixed(0).padStart(9)} a second`,
  );
}

async function must(status: number, answer: ReturnType<typeof server.handle>): Promise<void> {
  const { status: got, bytes, object } = await answer;
  if (got !== status) throw new Error(`${got}: ${bytes instanceof Uint8Array ? Buffer.from(bytes).toString() : JSON.stringify(object)}`);
}

const json = (value: object): Partial<ApiRequest> => ({
  body: Buffer.from(JSON.stringify(value)),
  headers: { "content-type": "application/json" },
});
const strategic = (i: number): Partial<ApiRequest> => ({
  body: Buffer.from(`{"metadata":{"labels":{"patched":"${i}"}}}`),
  headers: { "content-type": "application/strategic-merge-patch+json" },
});

for (const round of ["cold", "warm"]) {
  console.log(`${round}:`);
  await phase("create", count, (i) => must(201, ask("POST", pods, json(pod(i)))));
  await phase("get, JSON", count * 5, (i) => must(200, ask("GET", `${pods}/${name(i % count)}`)));
  await phase("get, protobuf", count * 5, (i) => must(200, ask("GET", `${pods}/${name(i % count)}`, { headers: { accept: protobuf } })));
  await phase("get, object", count * 5, (i) => must(200, ask("GET", `${pods}/${name(i % count)}`, { inProcess: true })));
  await phase("list of all, JSON, unchanged", 100, () => must(200, ask("GET", `${pods}?resourceVersion=0`)), 1);
  await phase("list of all, JSON, by label", 100, () => must(200, ask("GET", `${pods}?labelSelector=app%3Dbench`)), 1);
  await phase(
    "list of all, protobuf, by label",
    100,
    () => must(200, ask("GET", `${pods}?labelSelector=app%3Dbench`, { headers: { accept: protobuf } })),
    1,
  );
  await phase("list of 100, JSON", 800, () => must(200, ask("GET", `${pods}?limit=100`)));
  await phase("strategic merge patch", count, (i) => must(200, ask("PATCH", `${pods}/${name(i)}`, strategic(i))));
  await phase("update of the whole object", count, async (i) => {
    const read = (await ask("GET", `${pods}/${name(i)}`, { inProcess: true })).object as KubeObject;
    const labels = { ...read.metadata?.labels, updated: String(i) };
    await must(200, ask("PUT", `${pods}/${name(i)}`, json({ ...read, metadata: { ...read.metadata, labels } })));
  });
  const applied = (i: number, value: string): Partial<ApiRequest> => ({
    ...json({ apiVersion: "v1", kind: "Pod", metadata: { name: name(i), labels: { applied: value } } }),
    headers: { "content-type": "application/apply-patch+yaml" },
  });
  await phase("apply that changes a label", count, (i) =>
    must(200, ask("PATCH", `${pods}/${name(i)}?fieldManager=applier`, applied(i, String(i)))),
  );
  await phase("apply that changes nothing", count, (i) =>
    must(200, ask("PATCH", `${pods}/${name(i)}?fieldManager=applier`, applied(i, String(i)))),
  );
  await phase("update of status", count, async (i) => {
    const read = (await ask("GET", `${pods}/${name(i)}`, { inProcess: true })).object as KubeObject;
    await must(200, ask("PUT", `${pods}/${name(i)}/status`, json({ ...read, status: { phase: "Running" } })));
  });
  await phase("delete", count, (i) => must(200, ask("DELETE", `${pods}/${name(i)}`, json({ gracePeriodSeconds: 0 }))));
}
await server.stop();
await store.close();
rmSync(directory, { recursive: true, force: true });
