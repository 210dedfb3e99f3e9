/** Keeps the node's object and its lease: registers, tells changes at once and everything every five minutes, renews. */
import { readFileSync, statfsSync } from "node:fs";
import type { Client } from "../../client/client.ts";
import type { EventRecorder } from "../../client/events.ts";
import { hasReason, isApiError } from "../../core/api-error.ts";
import { formatMicroTime, formatTime, sleep, type Clock } from "../../core/clock.ts";
import type { Logger } from "../../core/log.ts";
import { leases, type Lease } from "../../schema/types/coordination-v1.ts";
import { nodes, type Node, type NodeStatus } from "../../schema/types/core-v1.ts";
import type { CriClient } from "../cri/cri-client.ts";
import type { RuntimeCondition } from "../cri/types.ts";
import { sameValue } from "../pod/status-patch.ts";
import { machineFacts, machineHostname, memoryAvailable, systemInfo, type MachineFacts } from "./machine.ts";
import { conditionEvents, newNode, nodeAllocatable, nodeStatus, standardLabels } from "./node-status.ts";

export interface NodeRegistrationOptions {
  readonly nodeName: string;
  readonly nodeIPs: readonly string[];
  readonly kubeletPort: number;
  readonly kubeletVersion: string;
  readonly maxPods: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly client: Client;
  readonly cri: CriClient;
  readonly events: EventRecorder;
  readonly clock: Clock;
  readonly log: Logger;
  readonly signal: AbortSignal;
  /** On the file system that pods write to. */
  readonly directory: string;
}

const statusInterval = 10_000;
const reportInterval = 300_000;
const whileNotReady = 200;
const leaseSeconds = 40;
const leaseInterval = 10_000;

export class NodeRegistration {
  readonly machine: MachineFacts;
  readonly #options: NodeRegistrationOptions;
  #node: Node | undefined;
  #runtimeVersion = "";
  #reported = Number.NEGATIVE_INFINITY;
  #ready = false;

  constructor(options: NodeRegistrationOptions) {
    this.#options = options;
    this.machine = machineFacts(options.directory);
  }

  get node(): Node | undefined {
    return this.#node;
  }

  /** The node's own object has changed in the API. */
  observe(node: Node): void {
    this.#node = node;
  }

  allocatable(): Readonly<Record<string, string>> {
    return this.#node?.status?.allocatable ?? nodeAllocatable({ machine: this.machine, maxPods: this.#options.maxPods });
  }

  /** Resolves when the node is registered; goes on in the background. */
  async start(): Promise<void> {
    const { cri, signal, clock, log } = this.#options;
    const { runtimeName, runtimeVersion } = await cri.version();
    this.#runtimeVersion = `${runtimeName}://${runtimeVersion}`;
    for (let delay = 100; ; delay = Math.min(7000, delay * 2)) {
      try {
        await this.#register();
        break;
      } catch (error) {
        log.warn("the node could not be registered, will retry", { error });
        await sleep(clock, delay, signal);
      }
    }
    this.#options.events.event(this.#about(), "Normal", "Starting", "Starting kubelet.");
    for (const name of conditionEvents({}, this.#node?.status ?? {})) if (name !== "NodeNotReady") this.#tell(name);
    void this.#keepStatus();
    void this.#keepLease();
  }

  #about(): Node {
    const { nodeName } = this.#options;
    // Events about nodes carry the name as uid: the kubelet knows no better when it starts, and `describe node` asks for that.
    return { apiVersion: "v1", kind: "Node", metadata: { name: nodeName, uid: nodeName } };
  }

  #tell(name: string): void {
    const { events, nodeName } = this.#options;
    events.event(this.#about(), "Normal", name, `Node ${nodeName} status is now: ${name}`);
  }

  async #status(old: NodeStatus): Promise<NodeStatus> {
    const { cri, directory, clock } = this.#options;
    let runtime: RuntimeCondition[] | undefined;
    let runtimeError = "";
    try {
      runtime = await cri.status();
    } catch (error) {
      runtimeError = (error as Error).message;
    }
    const images = runtime === undefined ? [] : await cri.listImages();
    const { bavail, bsize } = statfsSync(directory);
    return nodeStatus({
      ...this.#options,
      machine: this.machine,
      info: systemInfo(this.#runtimeVersion, this.#options.kubeletVersion),
      images,
      runtime,
      runtimeError,
      memoryAvailable: memoryAvailable(),
      diskAvailable: bavail * bsize,
      pidsAvailable: Number(readFileSync("/proc/sys/kernel/pid_max", "utf8")),
      old,
      now: formatTime(clock.now()),
    });
  }

  async #register(): Promise<void> {
    const { client, nodeName, labels } = this.#options;
    const resource = client.resource(nodes);
    const hostname = nodeName || machineHostname();
    try {
      const known = await resource.get(nodeName);
      this.#node = known;
      const wanted = standardLabels(this.machine.architecture, hostname, labels);
      const missing = Object.entries(wanted).filter(([key, value]) => known.metadata?.labels?.[key] !== value);
      if (missing.length > 0) {
        this.#node = await resource.patch(nodeName, "strategic", { metadata: { labels: Object.fromEntries(missing) } });
      }
    } catch (error) {
      if (!hasReason(error, "NotFound")) throw error;
      this.#node = await resource.create(newNode(nodeName, hostname, await this.#status({}), labels));
      return;
    }
    await this.#update();
  }

  /** Tells the status when it has changed, or when it was last told long ago. */
  async #update(): Promise<void> {
    const { client, nodeName, clock } = this.#options;
    const old = this.#node?.status ?? {};
    const status = await this.#status(old);
    this.#ready = status.conditions?.find((c) => c.type === "Ready")?.status === "True";
    const due = clock.monotonic() - this.#reported > reportInterval;
    if (!due && sameValue(withoutHeartbeats(old), withoutHeartbeats(status))) return;
    const changed = conditionEvents(old, status);
    this.#node = await client.resource(nodes).patch(nodeName, "strategic", { status }, { subresource: "status" });
    this.#reported = clock.monotonic();
    for (const name of changed) this.#tell(name);
  }

  async #keepStatus(): Promise<void> {
    const { signal, clock, log } = this.#options;
    let failures = 0;
    while (!signal.aborted) {
      let failed = false;
      try {
        await this.#update();
        failures = 0;
      } catch (error) {
        failed = true;
        if (signal.aborted) return;
        if (isApiError(error) && error.code === 404)
          await this.#register().catch((e: unknown) => log.warn("the node is gone and could not be registered", { error: e }));
        else log.warn("node status could not be told", { error });
      }
      const pause = failed ? Math.min(statusInterval, 500 * 2 ** failures++) : this.#ready ? statusInterval : whileNotReady;
      await sleep(clock, pause, signal).catch(() => undefined);
    }
  }

  async #keepLease(): Promise<void> {
    const { client, nodeName, signal, clock, log } = this.#options;
    const resource = client.resource(leases, "kube-node-lease");
    let held: Lease | undefined;
    let failures = 0;
    while (!signal.aborted) {
      try {
        held =
          held === undefined
            ? await this.#ensureLease()
            : await resource.update({ ...held, spec: { ...held.spec, renewTime: formatMicroTime(clock.now()) } });
        failures = 0;
      } catch (error) {
        held = undefined;
        if (!signal.aborted) log.debug("lease not renewed", { node: nodeName, error });
        failures++;
      }
      const pause = failures > 0 ? Math.min(7000, 200 * 2 ** failures) : leaseInterval;
      await sleep(clock, pause, signal).catch(() => undefined);
    }
  }

  async #ensureLease(): Promise<Lease> {
    const { client, nodeName, clock } = this.#options;
    const resource = client.resource(leases, "kube-node-lease");
    const uid = this.#node?.metadata?.uid;
    const renewTime = formatMicroTime(clock.now());
    const metadata = {
      name: nodeName,
      namespace: "kube-node-lease",
      ...(uid === undefined ? {} : { ownerReferences: [{ apiVersion: "v1", kind: "Node", name: nodeName, uid }] }),
    };
    try {
      const known = await resource.get(nodeName);
      const spec = { ...known.spec, holderIdentity: nodeName, leaseDurationSeconds: leaseSeconds, renewTime };
      const owners = metadata.ownerReferences === undefined ? {} : { ownerReferences: metadata.ownerReferences };
      return await resource.update({ ...known, metadata: { ...known.metadata, ...owners }, spec });
    } catch (error) {
      if (!hasReason(error, "NotFound")) throw error;
      return resource.create({
        apiVersion: "coordination.k8s.io/v1",
        kind: "Lease",
        metadata,
        spec: { holderIdentity: nodeName, leaseDurationSeconds: leaseSeconds, renewTime },
      });
    }
  }
}

function withoutHeartbeats(status: NodeStatus): unknown {
  return {
    ...status,
    conditions: (status.conditions ?? []).map((c) => ({ ...c, lastHeartbeatTime: undefined })),
    // Written by others.
    volumesAttached: undefined,
    volumesInUse: undefined,
    config: undefined,
    features: undefined,
    runtimeHandlers: undefined,
    declaredFeatures: undefined,
  };
}
