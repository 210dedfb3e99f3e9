/**
 * Records what a Kubernetes API server answers to the cases in `test/fixtures/kinds/`, so that `test/kinds.test.ts` can hold
 * our kinds against it: `KUBECONFIG=… node tools/record-kinds.ts [FILE…]`. It works in a namespace of its own, which it
 * deletes in the end; cluster-scoped objects it makes for updates are deleted one by one.
 */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { request } from "node:https";
import { basename, join } from "node:path";
import { KubeConfig } from "@kubernetes/client-node";
import type { KindCase, KindFixture, RecordedAnswer } from "../test/fixtures/kinds/fixture.ts";

const directory = join(import.meta.dirname, "../test/fixtures/kinds");
const namespace = `record-kinds-${process.pid}`;

interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
  readonly warnings: string[];
}

const config = new KubeConfig();
config.loadFromDefault();
const server = new URL(config.getCurrentCluster()?.server ?? "https://127.0.0.1:6443");
const options: Record<string, unknown> = {};
await config.applyToHTTPSOptions(options);

const asTable = "application/json;as=Table;v=v1;g=meta.k8s.io";

function send(method: string, path: string, body?: unknown, accept = "application/json"): Promise<Answer> {
  const text = body === undefined ? undefined : JSON.stringify(body);
  const headers = {
    "content-type": "application/json",
    accept,
    ...(text && { "content-length": Buffer.byteLength(text) }),
  };
  return new Promise((resolve, reject) => {
    const { hostname, port } = server;
    const outgoing = request({ ...options, hostname, port, method, path, headers }, (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
      incoming.on("error", reject);
      incoming.on("end", () => {
        const header = incoming.headers["warning"];
        const warnings = [...(header ?? "").matchAll(/299 - "((?:[^"\\]|\\.)*)"/g)].map((m) => JSON.parse(`"${m[1] ?? ""}"`) as string);
        const json = JSON.parse(Buffer.concat(chunks).toString("utf8")) as Record<string, unknown>;
        resolve({ status: incoming.statusCode ?? 0, body: json, warnings });
      });
    });
    outgoing.on("error", reject);
    outgoing.end(text);
  });
}

function pathOf(fixture: KindFixture): string {
  const { group, version, resource, namespaced } = fixture;
  const root = group === "" ? `/api/${version}` : `/apis/${group}/${version}`;
  return namespaced ? `${root}/namespaces/${namespace}/${resource}` : `${root}/${resource}`;
}

/** What stands for the namespace in fixtures. */
const placeholder = "the-namespace";

/** Fields that differ from run to run. */
const volatile = ["uid", "resourceVersion", "creationTimestamp", "managedFields", "selfLink"];

function clean(answer: Answer, fixture: KindFixture, isUpdate = false): RecordedAnswer {
  const warnings = answer.warnings.length > 0 ? { warnings: answer.warnings } : {};
  const body = JSON.parse(JSON.stringify(answer.body).replaceAll(namespace, placeholder)) as Record<string, unknown>;
  if (answer.status >= 300) {
    const details = body["details"] as { causes?: RecordedAnswer["causes"] } | undefined;
    return { status: answer.status, reason: answer.body["reason"] as string, causes: details?.causes ?? [], ...warnings };
  }
  const metadata = body["metadata"] as Record<string, unknown>;
  for (const field of volatile) delete metadata[field];
  // What a pod got when it was made, its updates have to repeat.
  if (!(isUpdate && fixture.resource === "pods")) dropAdmission(fixture.resource, body);
  return { object: body, ...warnings };
}

/** What admission adds is no part of the kind. */
function dropAdmission(resource: string, object: Record<string, unknown>): void {
  const spec = object["spec"] as Record<string, unknown>;
  if (resource === "pods") dropPodAdmission(spec);
  if (resource === "persistentvolumes" || resource === "persistentvolumeclaims" || resource === "volumeattributesclasses") {
    delete (object["metadata"] as Record<string, unknown>)["finalizers"];
  }
  if (resource === "nodes") dropTaint(spec);
}

/** New nodes are not ready; a controller may say since when. */
function dropTaint(spec: Record<string, unknown>): void {
  const taints = (spec["taints"] as { key: string }[] | undefined)?.filter((t) => t.key !== "node.kubernetes.io/not-ready");
  if (taints?.length) spec["taints"] = taints;
  else delete spec["taints"];
}

function dropPodAdmission(spec: Record<string, unknown>): void {
  delete spec["priority"];
  delete spec["preemptionPolicy"];
  const tolerations = (spec["tolerations"] as { key?: string; tolerationSeconds?: number }[] | undefined)?.filter(
    (t) => !(t.tolerationSeconds === 300 && t.key?.startsWith("node.kubernetes.io/")),
  );
  if (tolerations?.length) spec["tolerations"] = tolerations;
  else delete spec["tolerations"];
}

function placed(fixture: KindFixture, object: Record<string, unknown>): Record<string, unknown> {
  const text = JSON.stringify(object).replaceAll(placeholder, namespace);
  const copy = JSON.parse(text) as Record<string, unknown>;
  copy["apiVersion"] ??= fixture.group === "" ? fixture.version : `${fixture.group}/${fixture.version}`;
  copy["kind"] ??= fixture.kind;
  return copy;
}

/** The cells of the answer's row, and when they were made. */
async function row(answer: Answer, method: string, path: string, body: unknown): Promise<Pick<RecordedAnswer, "cells" | "now">> {
  if (answer.status >= 300) return {};
  const now = Date.now();
  const table = await send(method, path, body, asTable);
  const [first] = (table.body["rows"] ?? []) as { cells: unknown[] }[];
  return first === undefined ? {} : { cells: JSON.parse(JSON.stringify(first.cells).replaceAll(namespace, placeholder)) as unknown[], now };
}

async function record(fixture: KindFixture, one: KindCase): Promise<KindCase> {
  const path = pathOf(fixture);
  if (one.update === undefined) {
    const at = `${path}?dryRun=All&fieldValidation=Ignore`;
    const answer = await send("POST", at, placed(fixture, one.object));
    return { ...one, answer: { ...clean(answer, fixture), ...(await row(answer, "POST", at, placed(fixture, one.object))) } };
  }
  const created = await send("POST", `${path}?fieldValidation=Ignore`, placed(fixture, one.object));
  if (created.status >= 300) throw new Error(`${one.title}: the first object was refused: ${JSON.stringify(created.body)}`);
  const metadata = created.body["metadata"] as { name: string; resourceVersion: string };
  try {
    const next = placed(fixture, one.update.object);
    const own = next["metadata"] as Record<string, unknown>;
    const sub = one.update.subresource === undefined ? "" : `/${one.update.subresource}`;
    for (let attempt = 0; ; attempt++) {
      const stored = attempt === 0 ? created : await send("GET", `${path}/${metadata.name}`);
      const version = (stored.body["metadata"] as { resourceVersion: string }).resourceVersion;
      if (one.update.withoutResourceVersion !== true) own["resourceVersion"] = version;
      const at = `${path}/${metadata.name}${sub}?dryRun=All&fieldValidation=Ignore`;
      const answer = await send("PUT", at, next);
      // Controllers may be faster.
      if (answer.status === 409 && attempt < 10) continue;
      const said = { ...clean(answer, fixture, true), ...(await row(answer, "PUT", at, next)) };
      return { ...one, stored: clean(stored, fixture, true).object ?? {}, answer: said };
    }
  } finally {
    await send("DELETE", `${path}/${metadata.name}?gracePeriodSeconds=0&propagationPolicy=Background`);
    if (outlives.includes(fixture.resource)) await gone(`${path}/${metadata.name}`);
  }
}

/** What goes only when its contents have gone. */
const outlives = ["namespaces", "customresourcedefinitions", "persistentvolumeclaims", "persistentvolumes"];

async function gone(path: string): Promise<void> {
  for (let i = 0; i < 300 && (await send("GET", path)).status === 200; i++) await new Promise((done) => setTimeout(done, 100));
}

const wanted = process.argv.slice(2);
await send("POST", "/api/v1/namespaces", { metadata: { name: namespace } });
try {
  // Pods are refused until their namespace has a service account.
  for (let i = 0; i < 50; i++) {
    const found = await send("GET", `/api/v1/namespaces/${namespace}/serviceaccounts/default`);
    if (found.status === 200) break;
    await new Promise((done) => setTimeout(done, 100));
  }
  for (const file of readdirSync(directory).filter((f) => f.endsWith(".json"))) {
    if (wanted.length > 0 && !wanted.includes(basename(file, ".json"))) continue;
    const at = join(directory, file);
    const fixture = JSON.parse(readFileSync(at, "utf8")) as KindFixture;
    const cases: KindCase[] = [];
    for (const one of fixture.cases) cases.push(await record(fixture, one));
    const { cases: _, ...head } = fixture;
    const lines = cases.map((c) => `    ${JSON.stringify(c)}`);
    writeFileSync(at, `${JSON.stringify(head, null, 2).slice(0, -2)},\n  "cases": [\n${lines.join(",\n")}\n  ]\n}\n`);
    console.log(`${file}: ${cases.length} cases`);
  }
} finally {
  await send("DELETE", `/api/v1/namespaces/${namespace}`);
}
