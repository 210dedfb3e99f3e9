/** A cluster in this process on a clock that only the script moves: API server, controllers, scheduler, simulated nodes. */
import { Discovery } from "../../src/apiserver/discovery/endpoints.ts";
import type { Client } from "../../src/client/client.ts";
import { eventRecorder } from "../../src/client/event-recorder.ts";
import { informerFactory } from "../../src/client/informer-factory.ts";
import { builtinControllers } from "../../src/controllers/index.ts";
import { FakeClock } from "../../src/core/clock.ts";
import { createLogger, silent, type Logger } from "../../src/core/log.ts";
import { MetricsRegistry } from "../../src/core/metrics.ts";
import { podStages, startSimulatedNodes, type SimulatedNodes, type Stage } from "../../src/node/simulated/index.ts";
import type { ControllerContext } from "../../src/operator/controller.ts";
import { runControllers } from "../../src/operator/run-controllers.ts";
import { startScheduler } from "../../src/scheduler/index.ts";
import type { KubeObject } from "../../src/schema/object.ts";
import { admissionChain } from "../../src/resources/admission/index.ts";
import { ensureBootstrapObjects } from "../../src/resources/bootstrap.ts";
import { replicasets } from "../../src/schema/types/apps-v1.ts";
import { namespaces, pods } from "../../src/schema/types/core-v1.ts";
import { endpointslices } from "../../src/schema/types/discovery-v1.ts";
import { startServer } from "../resources/server.ts";

/** Pods labelled `stay: pending` or `stay: unready` get no further than that; `stay: running` ignores its deletion. */
const stages: readonly Stage[] = [
  {
    name: "stay-deleted",
    selector: [
      { key: ".metadata.labels.stay", operator: "In", values: ["running"] },
      { key: ".metadata.deletionTimestamp", operator: "Exists" },
    ],
    delay: { duration: 1e9 },
    next: {},
  },
  ...podStages.filter((s) => s.name === "delete" || s.name === "create"),
  {
    name: "stay-pending",
    selector: [{ key: ".metadata.labels.stay", operator: "In", values: ["pending"] }],
    delay: { duration: 1e9 },
    next: {},
  },
  ...podStages.filter((s) => s.name === "initialize" || s.name === "start" || s.name === "complete"),
  {
    name: "stay-unready",
    selector: [{ key: ".metadata.labels.stay", operator: "In", values: ["unready"] }],
    delay: { duration: 1e9 },
    next: {},
  },
  ...podStages.filter((s) => s.name === "ready" || s.name === "readiness-gates"),
];

export interface ScenarioCluster extends AsyncDisposable {
  readonly client: Client;
  readonly clock: FakeClock;
  readonly nodes: SimulatedNodes;
  /** Moves the clock, letting everything come to rest before, between and after timers. */
  tick(ms: number): Promise<void>;
  /** Generated names by the order in which their objects were made: `web~1` for the first set of `web`. */
  readable(text: string): string;
  /** The name behind one of those. */
  actual(alias: string): string;
}

export async function startScenarioCluster(nodeCount: number): Promise<ScenarioCluster> {
  const clock = new FakeClock();
  const log: Logger = process.env["SCENARIO_LOG"] === undefined ? silent : createLogger({ level: "debug", now: () => clock.now() });
  const test = await startServer({ clock, log, admission: admissionChain });
  const { client } = test;
  // What makes the discovery documents.
  void new Discovery(test.server, { serverAddress: () => "127.0.0.1:6443" });
  const stopping = new AbortController();
  const { signal } = stopping;
  await ensureBootstrapObjects(client, { clock });
  const informers = informerFactory(client, { clock, log, random: () => 0.5 });
  const aliases = new Aliases();
  for (const ref of [replicasets, pods, endpointslices])
    informers.informer<KubeObject>(ref).addHandlers({ onAdd: (object) => aliases.note(object) });
  const context: ControllerContext = {
    client,
    informers,
    clock,
    log,
    metrics: new MetricsRegistry(),
    events: eventRecorder(client, "scenario", { clock, log, signal }),
    signal,
  };
  const controllers = builtinControllers({ rootCertificates: "a certificate", nodeIpam: { clusterCidrs: ["10.244.0.0/16"] } });
  const running = [
    runControllers(context, controllers, { serviceAccountNamespace: null }),
    startScheduler(context, { identity: null, random: () => 0 }),
  ];
  const nodes = startSimulatedNodes(context, { count: nodeCount, prefix: "node-", stages, random: () => 0 });
  const tick = async (ms: number): Promise<void> => clock.advance(ms, () => rest());
  await tick(2000);
  return {
    client,
    clock,
    nodes,
    tick,
    readable: (text) => aliases.apply(text),
    actual: (alias) => aliases.nameOf(alias),
    [Symbol.asyncDispose]: async () => {
      stopping.abort(new Error("the scenario is over"));
      await nodes.stop();
      informers.stop();
      await Promise.all(running);
      await test[Symbol.asyncDispose]();
    },
  };

  /** Until nothing has been written for some turns of the event loop. */
  async function rest(): Promise<void> {
    let before = "";
    for (let still = 0; still < 12; still++) {
      await new Promise<void>((done) => setImmediate(done));
      const now = (await client.resource(namespaces).list({ limit: 1 })).metadata.resourceVersion ?? "";
      if (now !== before) still = 0;
      before = now;
    }
  }
}

class Aliases {
  readonly #names = new Map<string, string>();
  readonly #counts = new Map<string, number>();

  note(object: KubeObject): void {
    const { name = "", generateName, ownerReferences } = object.metadata ?? {};
    if (this.#names.has(name)) return;
    const owner = ownerReferences?.find((r) => r.controller === true);
    const base = generateName?.replace(/-$/, "") ?? (owner?.kind === "Deployment" ? owner.name : undefined);
    if (base === undefined) return;
    const known = this.#names.get(base) ?? base;
    const n = (this.#counts.get(known) ?? 0) + 1;
    this.#counts.set(known, n);
    this.#names.set(name, `${known}~${n}`);
  }

  nameOf(alias: string): string {
    for (const [name, known] of this.#names) if (known === alias) return name;
    return alias;
  }

  apply(text: string): string {
    const longestFirst = [...this.#names].sort(([a], [b]) => b.length - a.length);
    const named = longestFirst.reduce((result, [name, alias]) => result.replaceAll(name, alias), text);
    return named.replaceAll(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, "UID");
  }
}
