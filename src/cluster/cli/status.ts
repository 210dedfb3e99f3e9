import { cpus } from "node:os";
import { join } from "node:path";
import { httpClient, type HttpClient } from "../../client/http-client.ts";
import { loadKubeconfig, resolveContext } from "../../client/kubeconfig.ts";
import { nodes as nodesRef, type Node } from "../../schema/types/core-v1.ts";
import { agentProcess } from "../machines/agents.ts";
import { machineOf } from "../machines/machine.ts";
import { memoryOf } from "../machines/processes.ts";
import { clusterFlags } from "../options.ts";
import { locateExisting, running } from "../state.ts";
import type { Command } from "./command.ts";
import { duration, megabytes, table } from "./output.ts";
import { kubernetesVersion } from "../version-info.ts";

interface Report {
  name: string;
  running: boolean;
  url?: string;
  version?: string;
  kubernetesVersion: string;
  startedAt?: string;
  dataDir: string;
  store: string;
  ready: boolean;
  components: { name: string; pid: number; memoryBytes?: number | undefined }[];
  nodes: { name: string; ready: boolean; version: string; runtime: string; address: string; simulated: boolean }[];
  problem?: string;
}

export const status: Command = {
  spec: {
    name: "status",
    summary: "Processes, nodes, versions, memory and uptime of a cluster.",
    options: {
      name: { type: "string", value: "NAME", help: "the cluster's name (dev)" },
      "data-dir": { type: "string", value: "DIR", help: "where it is kept, if not in the default place" },
      output: { type: "string", value: "json", short: "o", help: "json: for programs" },
    },
    notes: "Exit status 0 when the cluster is up and ready, 1 when it is not.",
  },
  run: async (parsed, output) => {
    const format = parsed.values["output"];
    if (format !== undefined && format !== "json") {
      output.note(`tsukube: --output: ${JSON.stringify(format)} is not a format; use json or leave it out`);
      return 2;
    }
    const config = locateExisting({
      name: parsed.values["name"] as string | undefined,
      dataDir: parsed.values["data-dir"] as string | undefined,
    });
    const run = running(config.dataDir);
    const report: Report = {
      name: config.name,
      running: run !== undefined,
      kubernetesVersion,
      dataDir: config.dataDir,
      store: config.store.kind === "etcd" ? `etcd=${config.store.endpoints.join(",")}` : config.store.kind,
      ready: false,
      components: [],
      nodes: [],
    };
    if (run !== undefined) {
      report.url = run.url;
      if (run.version !== "") report.version = run.version;
      if (run.startedAt !== "") report.startedAt = run.startedAt;
      report.components.push({ name: "control-plane", pid: run.controlPlane.pid, memoryBytes: memoryOf(run.controlPlane.pid) });
      for (let i = 1; i <= run.nodes; i++) {
        const agent = agentProcess(machineOf(config, i));
        if (agent !== undefined)
          report.components.push({ name: `agent ${machineOf(config, i).name}`, pid: agent.pid, memoryBytes: memoryOf(agent.pid) });
      }
      await ask(report, join(config.dataDir, "kubeconfig"));
    }
    output.print(format === "json" ? JSON.stringify(report, undefined, 2) : describe(report));
    return report.running && report.ready ? 0 : 1;
  },
};

/** What the API server says of itself and its nodes. */
async function ask(report: Report, kubeconfig: string): Promise<void> {
  let client: HttpClient | undefined;
  try {
    client = httpClient((await resolveContext(await loadKubeconfig(kubeconfig))).config);
    const signal = AbortSignal.timeout(5000);
    report.ready = (await client.raw("GET", "/readyz", undefined, { signal })).status === 200;
    const list = await client.resource(nodesRef).list({ signal });
    report.nodes = list.items.map(nodeRow);
  } catch (error) {
    report.problem = (error as Error).message;
  } finally {
    client?.close();
  }
}

function nodeRow(node: Node): Report["nodes"][number] {
  return {
    name: node.metadata?.name ?? "",
    ready: node.status?.conditions?.some((c) => c.type === "Ready" && c.status === "True") ?? false,
    version: node.status?.nodeInfo?.kubeletVersion ?? "",
    runtime: node.status?.nodeInfo?.containerRuntimeVersion ?? "",
    address: node.status?.addresses?.find((a) => a.type === "InternalIP")?.address ?? "",
    simulated:
      (node.status?.nodeInfo?.containerRuntimeVersion ?? "").startsWith("simulated") ||
      node.metadata?.annotations?.["tsukube.dev/simulated"] === "true",
  };
}

function describe(r: Report): string {
  if (!r.running) return `${r.name} is down; \`tsukube up${clusterFlags(r)}\` starts it again (its data is in ${r.dataDir})`;
  const up = r.startedAt === undefined ? "?" : duration(Date.now() - Date.parse(r.startedAt));
  const lines = [
    table([
      ["Cluster", r.name],
      ["API server", `${r.url ?? ""} (${r.ready ? "ready" : `not ready${r.problem === undefined ? "" : `: ${r.problem}`}`})`],
      ["Version", `tsukube ${r.version ?? "?"}, Kubernetes ${r.kubernetesVersion}`],
      ["Up for", up],
      ["Store", r.store.startsWith("etcd") ? r.store : `${r.store}, in ${r.dataDir}`],
      ["Machine", `${cpus().length} processors`],
    ]),
    "",
    table([["PROCESS", "PID", "MEMORY"], ...r.components.map((c) => [c.name, String(c.pid), megabytes(c.memoryBytes)])]),
  ];
  if (r.nodes.length > 0) {
    const shown = r.nodes.slice(0, 20);
    lines.push(
      "",
      table([
        ["NODE", "STATUS", "ADDRESS", "VERSION", "RUNTIME"],
        ...shown.map((n) => [n.name, n.ready ? "Ready" : "NotReady", n.address, n.version, n.runtime]),
      ]),
    );
    if (r.nodes.length > shown.length) lines.push(`… and ${r.nodes.length - shown.length} more`);
  }
  return lines.join("\n");
}
