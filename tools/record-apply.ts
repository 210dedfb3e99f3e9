/**
 * Records what a Kubernetes API server makes of sequences of writes by several field managers: `KUBECONFIG=… node
 * tools/record-apply.ts [FILE…]`. Reads and rewrites the files of `test/fixtures/apply/`; works in a namespace of its own,
 * which it deletes in the end together with the cluster-scoped objects and CRDs it made.
 */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { request } from "node:https";
import { basename, join } from "node:path";
import { KubeConfig } from "@kubernetes/client-node";
import type { UnstructuredObject } from "../src/schema/object.ts";
import { applyMergePatch } from "../src/schema/patch/merge-patch.ts";
import type { ApplyAnswer, ApplyFixture, ApplyStep } from "../test/fixtures/apply/fixture.ts";

const directory = join(import.meta.dirname, "../test/fixtures/apply");
const namespace = `record-apply-${process.pid}`;
const placeholder = "the-namespace";

const config = new KubeConfig();
config.loadFromDefault();
const server = new URL(config.getCurrentCluster()?.server ?? "https://127.0.0.1:6443");
const options: Record<string, unknown> = {};
await config.applyToHTTPSOptions(options);

interface Answer {
  readonly status: number;
  readonly body: UnstructuredObject;
}

function send(method: string, path: string, body?: unknown, type = "application/json"): Promise<Answer> {
  const text = body === undefined ? undefined : JSON.stringify(body).replaceAll(placeholder, namespace);
  const headers = {
    "content-type": type,
    accept: "application/json",
    ...(text !== undefined && { "content-length": Buffer.byteLength(text) }),
  };
  return new Promise((resolve, reject) => {
    const { hostname, port } = server;
    const outgoing = request({ ...options, hostname, port, method, path, headers }, (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
      incoming.on("error", reject);
      incoming.on("end", () => {
        const json = Buffer.concat(chunks).toString("utf8").replaceAll(namespace, placeholder);
        resolve({ status: incoming.statusCode ?? 0, body: JSON.parse(json) as UnstructuredObject });
      });
    });
    outgoing.on("error", reject);
    outgoing.end(text);
  });
}

function collection({ group, version, resource, namespaced }: ApplyFixture): string {
  const root = group === "" ? `/api/${version}` : `/apis/${group}/${version}`;
  return namespaced ? `${root}/namespaces/${namespace}/${resource}` : `${root}/${resource}`;
}

/** Without a resourceVersion controllers that write at the same time do no harm; custom resources need theirs. */
function withChange(live: UnstructuredObject, change: object): object {
  const next = applyMergePatch(live, change);
  return live.apiVersion?.includes("example.com") ? next : applyMergePatch(next, { metadata: { resourceVersion: null } });
}

const mediaTypes: Record<string, string> = { apply: "application/apply-patch+yaml" };

function write(path: string, step: ApplyStep, live: UnstructuredObject | undefined): Promise<Answer> {
  const query = `?fieldManager=${encodeURIComponent(step.manager)}${step.force ? "&force=true" : ""}`;
  if (step.verb === "create") return send("POST", `${path}${query}`, step.body);
  const target = `${path}/${step.name}${step.subresource === undefined ? "" : `/${step.subresource}`}${query}`;
  if (step.verb === "update") return send("PUT", target, withChange(live ?? {}, step.body));
  return send("PATCH", target, step.body, mediaTypes[step.verb] ?? `application/${step.verb}+json`);
}

function answerOf({ status, body }: Answer): ApplyAnswer {
  if (status < 300) return { status, object: body };
  const { message, reason, details } = body as { message?: string; reason?: string; details?: { causes?: ApplyAnswer["causes"] } };
  return {
    status,
    ...(message === undefined ? {} : { message }),
    ...(reason === undefined ? {} : { reason }),
    ...(details?.causes === undefined ? {} : { causes: details.causes }),
  };
}

/** The object once controllers have left it alone for a while. */
async function settled(path: string): Promise<Answer> {
  for (let last = await send("GET", path); ; ) {
    if (last.status !== 200) return last;
    await new Promise((resolve) => setTimeout(resolve, 250));
    const next = await send("GET", path);
    if (next.body.metadata?.resourceVersion === last.body.metadata?.resourceVersion) return next;
    last = next;
  }
}

async function record(fixture: ApplyFixture): Promise<void> {
  const path = collection(fixture);
  const lasts = new Map<string, UnstructuredObject>();
  for (const step of fixture.steps) {
    delete step.live;
    const before = await settled(`${path}/${step.name}`);
    const live = before.status === 200 ? before.body : undefined;
    if (live !== undefined && JSON.stringify(live) !== JSON.stringify(lasts.get(step.name))) step.live = live;
    step.answer = answerOf(await write(path, step, live));
    const after = step.answer.object ?? live;
    if (after !== undefined) lasts.set(step.name, after);
  }
  for (const name of new Set(fixture.steps.map((step) => step.name))) await send("DELETE", `${path}/${name}?gracePeriodSeconds=0`);
}

async function withDefinition(fixture: ApplyFixture): Promise<void> {
  if (fixture.crd === undefined) return record(fixture);
  const crds = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
  const made = await send("POST", crds, fixture.crd);
  if (made.status !== 201) throw new Error(JSON.stringify(made.body));
  const name = fixture.crd.metadata?.name ?? "";
  try {
    for (let ready = false; !ready; ) {
      await new Promise((resolve) => setTimeout(resolve, 300));
      ready = (await send("GET", collection(fixture))).status === 200;
    }
    await record(fixture);
  } finally {
    await send("DELETE", `${crds}/${name}`);
  }
}

const wanted = process.argv.slice(2).map((file) => basename(file));
const files = readdirSync(directory).filter((file) => file.endsWith(".json") && (wanted.length === 0 || wanted.includes(file)));
await send("POST", "/api/v1/namespaces", { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } });
try {
  for (const file of files) {
    const fixture = JSON.parse(readFileSync(join(directory, file), "utf8")) as ApplyFixture;
    await withDefinition(fixture);
    const { steps, ...rest } = fixture;
    // A line a step keeps changes readable.
    const head = JSON.stringify(rest).slice(0, -1);
    writeFileSync(join(directory, file), `${head},"steps":[\n${steps.map((step) => JSON.stringify(step)).join(",\n")}\n]}\n`);
    console.log(file, steps.map((step) => step.answer?.status).join(" "));
  }
} finally {
  await send("DELETE", `/api/v1/namespaces/${namespace}`);
}
