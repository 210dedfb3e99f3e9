/**
 * A large cluster in the API server alone: pods of 3 KB with managed fields on a durable store. How long a restart takes, what memory is
 * held, and how long lists of the same result take by node and by label, among few pods and among many.
 *
 * usage: node --expose-gc bench/large.ts [COUNT=100000] [PODS A NODE=100]
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ApiRequest, type ApiResponse, unresolvedInfo } from "../src/apiserver/request.ts";
import { createApiServer } from "../src/apiserver/server.ts";
import type { ApiServer } from "../src/apiserver/server-interface.ts";
import { inProcessClient } from "../src/client/in-process-client.ts";
import { systemClock } from "../src/core/clock.ts";
import { silent } from "../src/core/log.ts";
import { MetricsRegistry } from "../src/core/metrics.ts";
import { builtinResources, type ResourceDeps } from "../src/resources/index.ts";
import { openStore } from "../src/store/open-store.ts";
import type { Store, Write } from "../src/store/store.ts";

const count = Number(process.argv[2] ?? 100_000);
const perNode = Number(process.argv[3] ?? 100);

const number = (i: number): string => String(i).padStart(6, "0");

/** A pod as a ReplicaSet's, scheduled and running. */
function pod(i: number): object {
  const app = `app-${Math.floor(i / perNode)}`;
  const name = `${app}-${(i * 2654435761).toString(36).slice(0, 9)}-${number(i)}`;
  const times = "2026-11-21T20:00:00Z";
  const condition = (type: string): object => ({
    type,
    status: "True",
    lastProbeTime: null,
    lastTransitionTime: times,
    observedGeneration: 1,
  });
  return {
    kind: "Pod",
    apiVersion: "v1",
    metadata: {
      name,
      generateName: `${app}-`,
      namespace: `ns-${i % 50}`,
      uid: `b4f2c6a0-0000-4000-8000-${number(i).padStart(12, "0")}`,
      generation: 1,
      creationTimestamp: times,
      labels: {
        app,
        "pod-template-hash": (i % 5000).toString(36),
        tier: i % 2 === 0 ? "front" : "back",
        shard: String(i % (count / perNode)),
      },
      annotations: { "example.com/checksum": "0123456789abcdef".repeat(4) },
      ownerReferences: [
        { apiVersion: "apps/v1", kind: "ReplicaSet", name: app, uid: `a-${app}`, controller: true, blockOwnerDeletion: true },
      ],
      managedFields: [
        {
          manager: "kube-controller-manager",
          operation: "Update",
          apiVersion: "v1",
          time: times,
          fieldsType: "FieldsV1",
          fieldsV1: JSON.parse(
            '{"f:metadata":{"f:generateName":{},"f:labels":{".":{},"f:app":{},"f:pod-template-hash":{},"f:tier":{}},"f:ownerReferences":{".":{},"k:{\\"uid\\":\\"x\\"}":{}}},"f:spec":{"f:containers":{"k:{\\"name\\":\\"web\\"}":{".":{},"f:image":{},"f:imagePullPolicy":{},"f:name":{},"f:resources":{".":{},"f:requests":{".":{},"f:cpu":{},"f:memory":{}}},"f:terminationMessagePath":{},"f:terminationMessagePolicy":{}}},"f:dnsPolicy":{},"f:enableServiceLinks":{},"f:restartPolicy":{},"f:schedulerName":{},"f:securityContext":{},"f:terminationGracePeriodSeconds":{}}}',
          ) as object,
        },
        {
          manager: "kubelet",
          operation: "Update",
          apiVersion: "v1",
          time: times,
          fieldsType: "FieldsV1",
          fieldsV1: JSON.parse(
            '{"f:status":{"f:conditions":{"k:{\\"type\\":\\"Ready\\"}":{".":{},"f:lastProbeTime":{},"f:lastTransitionTime":{},"f:status":{},"f:type":{}}},"f:containerStatuses":{},"f:hostIP":{},"f:phase":{},"f:podIP":{},"f:startTime":{}}}',
          ) as object,
          subresource: "status",
        },
      ],
    },
    spec: {
      containers: [
        {
          name: "web",
          image: `registry.example.com/team/${app}:v1`,
          env: [{ name: "POD_NAME", valueFrom: { fieldRef: { apiVersion: "v1", fieldPath: "metadata.name" } } }],
          resources: { requests: { cpu: "100m", memory: "64Mi" } },
          volumeMounts: [{ name: "kube-api-access", readOnly: true, mountPath: "/var/run/secrets/kubernetes.io/serviceaccount" }],
          terminationMessagePath: "/dev/termination-log",
          terminationMessagePolicy: "File",
          imagePullPolicy: "IfNotPresent",
        },
      ],
      restartPolicy: "Always",
      terminationGracePeriodSeconds: 30,
      dnsPolicy: "ClusterFirst",
      serviceAccountName: "default",
      nodeName: `node-${Math.floor(i / perNode)}`,
      securityContext: {},
      schedulerName: "default-scheduler",
      priority: 0,
      enableServiceLinks: true,
      preemptionPolicy: "PreemptLowerPriority",
    },
    status: {
      phase: "Running",
      conditions: ["PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled"].map(condition),
      hostIP: "10.0.0.1",
      podIP: "10.1.2.3",
      podIPs: [{ ip: "10.1.2.3" }],
      startTime: times,
      containerStatuses: [
        {
          name: "web",
          state: { running: { startedAt: times } },
          lastState: {},
          ready: true,
          restartCount: 0,
          image: `registry.example.com/team/${app}:v1`,
          imageID: `sha256:${"ab".repeat(32)}`,
          containerID: `containerd://${"cd".repeat(32)}`,
          started: true,
        },
      ],
      qosClass: "Burstable",
    },
  };
}

async function fill(store: Store): Promise<number> {
  let bytes = 0;
  for (let at = 0; at < count; at += 500) {
    const writes = Array.from({ length: Math.min(500, count - at) }, (_, i): Write => {
      const object = pod(at + i) as { metadata: { name: string; namespace: string } };
      const value = Buffer.from(JSON.stringify(object));
      bytes += value.length;
      return { type: "put", key: `/registry/pods/${object.metadata.namespace}/${object.metadata.name}`, value };
    });
    await store.transact(writes);
  }
  return bytes;
}

function serve(store: Store): ApiServer {
  const server = createApiServer({ store, clock: systemClock, log: silent, metrics: new MetricsRegistry(), admission: [] });
  const deps: ResourceDeps = {
    clock: systemClock,
    log: silent,
    objects: (group, resource) => server.objects(group, resource),
    client: () => inProcessClient(server, { name: "system:apiserver", groups: ["system:masters"] }),
  };
  for (const definition of builtinResources(deps)) server.install(definition);
  return server;
}

const { signal } = new AbortController();
function get(server: ApiServer, url: string, accept?: string): Promise<ApiResponse> {
  const [path = "", query = ""] = url.split("?");
  const request: ApiRequest = {
    method: "GET",
    path,
    query: new URLSearchParams(query),
    headers: accept === undefined ? {} : { accept },
    user: { name: "bench", groups: ["system:masters"] },
    signal,
    warnings: [],
    info: unresolvedInfo,
    log: silent,
  };
  return server.handle(request);
}

/** As a connection takes it: a piece at a time. */
function taken(pieces: Iterable<Uint8Array>): number {
  let size = 0;
  for (const piece of pieces) size += piece.length;
  return size;
}

const length = ({ bytes, pieces }: ApiResponse): number =>
  pieces !== undefined
    ? taken(pieces.make())
    : bytes === undefined
      ? 0
      : bytes instanceof Uint8Array
        ? bytes.length
        : bytes.reduce((sum, part) => sum + part.length, 0);

function memory(): string {
  (globalThis as { gc?: () => void }).gc?.();
  (globalThis as { gc?: () => void }).gc?.();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  const rss = Number(/VmRSS:\s+(\d+)/.exec(readFileSync("/proc/self/status", "utf8"))?.[1] ?? 0) / 1024;
  return `${rss.toFixed(0)} MB resident (heap ${(heapUsed / 1e6).toFixed(0)}, buffers ${(arrayBuffers / 1e6).toFixed(0)})`;
}

/** Milliseconds of CPU: others use the machine too. */
const cpu = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};

async function timed(server: ApiServer, what: string, url: string, accept?: string): Promise<void> {
  const took: number[] = [];
  let size = 0;
  for (let i = 0; i < 41; i++) {
    const began = cpu();
    size = length(await get(server, url.replace("#", String(i)), accept));
    took.push(cpu() - began);
  }
  const [first = 0] = took;
  const median = took.slice(1).sort((a, b) => a - b)[20] as number;
  console.log(`${what.padEnd(44)} first ${first.toFixed(1).padStart(8)} ms, then ${median.toFixed(2).padStart(8)} ms, ${size} bytes`);
}

/** In a process of its own, so that filling leaves nothing in memory. */
async function fillDirectory(directory: string): Promise<void> {
  const store = await openStore({ clock: systemClock, directory });
  const bytes = await fill(store);
  await store.close();
  console.log(`${count} pods of ${Math.round(bytes / count)} bytes`);
}

async function measure(directory: string): Promise<void> {
  console.log(`before: ${memory()}`);
  const began = cpu();
  const store = await openStore({ clock: systemClock, directory });
  const opened = cpu();
  const server = serve(store);
  await server.start();
  await get(server, "/api/v1/pods?limit=1");
  console.log(`restart: store ${(opened - began).toFixed(0)} ms, first list of one after ${(cpu() - opened).toFixed(0)} ms more`);
  console.log(`started: ${memory()}`);
  const metadata = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io";
  const byNode = "/api/v1/pods?fieldSelector=spec.nodeName%3Dnode-#";
  await timed(server, "by node", byNode);
  await timed(server, "by label, all namespaces", "/api/v1/pods?labelSelector=shard%3D#");
  await timed(server, "by two labels", "/api/v1/pods?labelSelector=shard%3D#,tier%3Dfront");
  await timed(server, "by node, as metadata", byNode, metadata);
  await timed(server, "by node, as a table", byNode, "application/json;as=Table;v=v1;g=meta.k8s.io");
  await timed(server, "by node, protobuf", byNode, "application/vnd.kubernetes.protobuf");
  await timed(server, "pages of 500", "/api/v1/pods?limit=500");
  console.log(`after these: ${memory()}`);
  const all = cpu();
  const size = length(await get(server, "/api/v1/pods"));
  console.log(`all of them: ${(cpu() - all).toFixed(0)} ms, ${(size / 1e6).toFixed(0)} MB`);
  console.log(`after that: ${memory()}`);
  await server.stop();
  await store.close();
}

const [phase, given] = [process.argv[4], process.argv[5]];
if (phase === "fill") await fillDirectory(given as string);
else if (phase === "measure") await measure(given as string);
else {
  const directory = mkdtempSync(join(tmpdir(), "tsukube-large-"));
  try {
    for (const step of ["fill", "measure"]) {
      const args = [...process.execArgv, import.meta.filename, String(count), String(perNode), step, directory];
      spawnSync(process.execPath, args, { stdio: "inherit" });
    }
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
process.exit(0);
