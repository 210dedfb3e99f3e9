/** `/stats/summary` and `/metrics…`: what the node and its containers use. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { readFileSync, statfsSync } from "node:fs";
import { formatTime } from "../../core/clock.ts";
import type { ContainerStats } from "../cri/types.ts";
import { label } from "../pod/labels.ts";
import type { PodWorker } from "../pod/pod-worker.ts";
import { sendJson, type KubeletServerOptions } from "./server-context.ts";

interface Usage {
  cpu: { time: string; usageNanoCores: number; usageCoreNanoSeconds: number };
  memory: { time: string; usageBytes: number; workingSetBytes: number; rssBytes: number };
}

/** The last reading of each counter, to tell rates from. */
const rates = new WeakMap<KubeletServerOptions, Map<string, { at: number; nanos: number; rate: number }>>();

function usage(
  server: KubeletServerOptions,
  key: string,
  at: number,
  nanos: number,
  memory: { usage: number; workingSet: number; rss: number },
): Usage {
  const known = rates.get(server) ?? new Map<string, { at: number; nanos: number; rate: number }>();
  rates.set(server, known);
  const before = known.get(key);
  const rate =
    before === undefined || at <= before.at ? (before?.rate ?? 0) : Math.max(0, ((nanos - before.nanos) / (at - before.at)) * 1000);
  if (before === undefined || at - before.at > 1000) known.set(key, { at, nanos, rate });
  const time = formatTime(at);
  return {
    cpu: { time, usageNanoCores: Math.round(rate), usageCoreNanoSeconds: nanos },
    memory: { time, usageBytes: memory.usage, workingSetBytes: memory.workingSet, rssBytes: memory.rss },
  };
}

function groupUsage(server: KubeletServerOptions, path: string): Usage {
  const { cgroups } = server.node;
  const memory = cgroups.memory(path) ?? { usage: 0, inactiveFile: 0, rss: 0 };
  const workingSet = Math.max(0, memory.usage - memory.inactiveFile);
  return usage(server, path, server.clock.now(), cgroups.cpuUsageNanos(path) ?? 0, { usage: memory.usage, workingSet, rss: memory.rss });
}

function containerUsage(server: KubeletServerOptions, stats: ContainerStats): Usage {
  const workingSet = stats.memory?.workingSetBytes?.value ?? 0;
  return usage(server, stats.attributes.id, server.clock.now(), stats.cpu?.usageCoreNanoSeconds?.value ?? 0, {
    usage: stats.memory?.usageBytes?.value ?? workingSet,
    workingSet,
    rss: stats.memory?.rssBytes?.value ?? 0,
  });
}

async function statsByPod(server: KubeletServerOptions): Promise<Map<string, ContainerStats[]>> {
  const byPod = new Map<string, ContainerStats[]>();
  for (const stats of await server.node.cri.containerStats()) {
    const uid = stats.attributes.labels[label.podUid] ?? "";
    byPod.set(uid, [...(byPod.get(uid) ?? []), stats]);
  }
  return byPod;
}

function fileSystem(server: KubeletServerOptions): object {
  const { blocks, bavail, bfree, bsize, files, ffree } = statfsSync(server.node.paths.root);
  return {
    time: formatTime(server.clock.now()),
    availableBytes: bavail * bsize,
    capacityBytes: blocks * bsize,
    usedBytes: (blocks - bfree) * bsize,
    inodesFree: ffree,
    inodes: files,
    inodesUsed: files - ffree,
  };
}

export async function serveSummary(
  server: KubeletServerOptions,
  _url: URL,
  _request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const byPod = await statsByPod(server);
  const fs = fileSystem(server);
  const boot = formatTime(server.clock.now() - Number(readFileSync("/proc/uptime", "utf8").split(" ")[0]) * 1000);
  sendJson(response, {
    node: {
      nodeName: server.node.nodeName,
      startTime: boot,
      ...groupUsage(server, "/"),
      fs,
      runtime: { imageFs: fs, containerFs: fs },
      systemContainers: [{ name: "pods", startTime: boot, ...groupUsage(server, server.node.cgroupPaths.kubepods) }],
    },
    pods: server.workers
      .list()
      .flatMap((worker) => (byPod.has(worker.uid) ? [podSummary(server, worker, byPod.get(worker.uid) ?? [])] : [])),
  });
}

function podSummary(server: KubeletServerOptions, worker: PodWorker, containers: readonly ContainerStats[]): object {
  const { name = "", namespace = "", uid = "" } = worker.pod.metadata ?? {};
  return {
    podRef: { name, namespace, uid },
    startTime: worker.pod.status?.startTime,
    containers: containers.map((stats) => ({
      name: stats.attributes.metadata.name,
      startTime: formatTime(worker.runtime.containers.find((c) => c.id === stats.attributes.id)?.startedAt ?? server.clock.now()),
      ...containerUsage(server, stats),
      rootfs: {
        time: formatTime(server.clock.now()),
        usedBytes: stats.writableLayer?.usedBytes?.value ?? 0,
        inodesUsed: stats.writableLayer?.inodesUsed?.value ?? 0,
      },
    })),
    ...groupUsage(server, server.node.cgroupPaths.pod(worker.pod)),
    process_stats: { process_count: server.node.cgroups.pids(server.node.cgroupPaths.pod(worker.pod)) ?? 0 },
  };
}

/** What metrics-server reads: counters and working sets of node, pods and containers. */
export async function serveResourceMetrics(
  server: KubeletServerOptions,
  _url: URL,
  _request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const byPod = await statsByPod(server);
  const at = server.clock.now();
  const families = new Map<string, { help: string; type: string; lines: string[] }>();
  const add = (name: string, help: string, type: string, labels: Record<string, string>, value: number): void => {
    const family = families.get(name) ?? { help, type, lines: [] };
    families.set(name, family);
    const text = Object.entries(labels)
      .map(([k, v]) => `${k}="${v}"`)
      .join(",");
    family.lines.push(`${name}${text === "" ? "" : `{${text}}`} ${value} ${at}`);
  };
  const tell = (scope: string, labels: Record<string, string>, { cpu, memory }: Usage): void => {
    const what = scope === "node" ? "the node" : `the ${scope}`;
    add(
      `${scope}_cpu_usage_seconds_total`,
      `[STABLE] Cumulative cpu time consumed by ${what} in core-seconds`,
      "counter",
      labels,
      cpu.usageCoreNanoSeconds / 1e9,
    );
    add(`${scope}_memory_working_set_bytes`, `[STABLE] Current working set of ${what} in bytes`, "gauge", labels, memory.workingSetBytes);
  };
  tell("node", {}, groupUsage(server, "/"));
  for (const worker of server.workers.list()) {
    const { name = "", namespace = "" } = worker.pod.metadata ?? {};
    for (const stats of byPod.get(worker.uid) ?? []) {
      tell("container", { container: stats.attributes.metadata.name, namespace, pod: name }, containerUsage(server, stats));
    }
    if (byPod.has(worker.uid)) tell("pod", { namespace, pod: name }, groupUsage(server, server.node.cgroupPaths.pod(worker.pod)));
  }
  add("resource_scrape_error", "[STABLE] 1 if there was an error while getting container metrics, 0 otherwise", "gauge", {}, 0);
  const body = [...families].map(([name, f]) => `# HELP ${name} ${f.help}\n# TYPE ${name} ${f.type}\n${f.lines.join("\n")}\n`).join("");
  response.writeHead(200, { "content-type": "text/plain; version=0.0.4; charset=utf-8" }).end(body);
}

export function serveMetrics(server: KubeletServerOptions, _url: URL, _request: IncomingMessage, response: ServerResponse): void {
  const { metrics } = server.node;
  const pods = metrics.gauge("kubelet_running_pods", "Number of pods that have a running pod sandbox");
  const containers = metrics.gauge("kubelet_running_containers", "Number of containers currently running", ["container_state"]);
  const workers = server.workers.list();
  pods.set(workers.filter((w) => w.runtime.sandboxes.some((s) => s.ready)).length);
  containers.set(workers.flatMap((w) => w.runtime.containers).filter((c) => c.state === "running").length, { container_state: "running" });
  response.writeHead(200, { "content-type": "text/plain; version=0.0.4; charset=utf-8" }).end(metrics.expose());
}
