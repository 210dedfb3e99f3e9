/**
 * One pod on this node, from its first sight to its end. A worker does one thing at a time: it reads what the runtime holds,
 * tells the pod's status, and carries out the plan; every event (the API's, the runtime's, a probe's, a timer's) only wakes
 * it. Deletion interrupts what it is doing.
 */
import { rmSync } from "node:fs";
import { isApiError } from "../../core/api-error.ts";
import { formatTime, type Timer } from "../../core/clock.ts";
import { findContainer } from "../../kinds/pod/containers.ts";
import { pods, type Container, type Pod, type PodStatus } from "../../schema/types/core-v1.ts";
import type { PodSandboxConfig } from "../cri/types.ts";
import { aboutPod, containerEvent, podLogDirectory, podText, type NodeContext } from "../node-context.ts";
import { PodProbes } from "../probes/pod-probes.ts";
import type { MountedVolume } from "../volumes/pod-volumes.ts";
import { VolumeError } from "../volumes/pod-volumes.ts";
import type { Refusal } from "../admission.ts";
import type { StartFailure } from "./container-statuses.ts";
import { removeContainerLog } from "./container-log.ts";
import { startContainer } from "./container-start.ts";
import { goDuration } from "./durations.ts";
import { killContainer, killContainers } from "./kill.ts";
import { planPod, type PodPlan } from "./plan.ts";
import { PodResize, type ResizeRestart } from "./resize.ts";
import { RestartBackoff } from "./restart-backoff.ts";
import { emptyRuntime, readPodRuntime, toRuntimeSandbox, type PodRuntime } from "./runtime.ts";
import { createSandbox, sandboxConfig } from "./sandbox.ts";
import { StartError } from "./start-error.ts";
import { endedStatus, podStatus } from "./status.ts";
import type { StatusManager } from "./status-manager.ts";
import { untilAborted } from "./until-aborted.ts";
import { terminationMessage } from "./termination-message.ts";

export interface PodWorkerOptions {
  readonly node: NodeContext;
  readonly statuses: StatusManager;
  readonly agentStarted: number;
  /** Set when the node does not take the pod. */
  readonly refused?: Refusal | undefined;
  /** Why the pod, as it asks to be, would not fit among the node's others. */
  shortage(pod: Pod): Refusal | undefined;
  /** The pod and everything of it is gone from this node. */
  onGone(uid: string): void;
}

/** What the starts of one pass share. */
interface StartPass {
  readonly config: PodSandboxConfig;
  readonly volumes: ReadonlyMap<string, MountedVolume>;
  readonly signal: AbortSignal;
  readonly seen: PodRuntime;
}

type Stage = "living" | "ending" | "ended";

/** After a failed step: half a second, doubling up to this. */
const firstRetry = 500;
const maxRetry = 10_000;

export class PodWorker {
  readonly uid: string;
  readonly #options: PodWorkerOptions;
  readonly #node: NodeContext;
  readonly #probes: PodProbes;
  readonly #backoff: RestartBackoff;
  readonly #resize: PodResize;
  readonly #failures = new Map<string, StartFailure>();
  readonly #messages = new Map<string, string>();
  #pod: Pod;
  #stage: Stage = "living";
  #fresh: boolean;
  #runtime: PodRuntime = emptyRuntime;
  #volumes: Map<string, MountedVolume> | undefined;
  #interrupt = new AbortController();
  #failed: { reason: string; message: string } | undefined;
  /** The API server has no such pod any more. */
  #orphaned = false;
  #awake = false;
  #running = false;
  #stopped = false;
  #retries = 0;
  /** A step of this pass is to be tried again. */
  #failing = false;
  #timer: Timer | undefined;
  #wakeAt = Number.POSITIVE_INFINITY;

  constructor(pod: Pod, options: PodWorkerOptions) {
    this.uid = pod.metadata?.uid ?? "";
    this.#pod = pod;
    this.#fresh = pod.status?.startTime === undefined;
    this.#options = options;
    this.#node = options.node;
    this.#backoff = new RestartBackoff(options.node.clock);
    this.#resize = new PodResize(pod, { node: options.node, shortage: (p) => options.shortage(p) });
    this.#probes = new PodProbes({
      node: options.node,
      clock: options.node.clock,
      pod: () => this.#pod,
      status: () => options.statuses.get(this.uid),
      agentStarted: options.agentStarted,
      onVerdict: () => {
        // A pod that ends is busy with stopping its containers: that one is no longer ready is told meanwhile.
        if (this.#stage === "ending") this.#tell(false);
        this.wake();
      },
    });
  }

  get pod(): Pod {
    return this.#pod;
  }

  /** The pod with the resources it has been given. */
  get given(): Pod {
    return this.#resize.given(this.#pod);
  }

  get ended(): boolean {
    return this.#stage === "ended";
  }

  get runtime(): PodRuntime {
    return this.#runtime;
  }

  start(): void {
    const { refused } = this.#options;
    if (refused !== undefined) {
      this.#refuse(refused);
      return;
    }
    if (this.#isTerminal(this.#pod.status)) this.#end();
    else this.#node.objects.use(this.#pod);
    this.#probes.start();
    this.update(this.#pod);
  }

  #refuse({ reason, message }: Refusal): void {
    const { events, clock } = this.#node;
    events.event(aboutPod(this.#pod), "Warning", reason, message);
    const old = this.#pod.status;
    const generation = this.#pod.metadata?.generation;
    this.#options.statuses.set(this.#pod, {
      ...old,
      ...(generation === undefined || generation === 0 ? {} : { observedGeneration: generation }),
      phase: "Failed",
      reason,
      message: `Pod was rejected: ${message}`,
      startTime: old?.startTime ?? formatTime(clock.now()),
    });
    this.#stage = "ended";
    this.wake();
  }

  /** The API's pod has changed. */
  update(pod: Pod): void {
    const before = this.#pod;
    this.#pod = pod;
    this.#options.statuses.observe(pod);
    const deleted = pod.metadata?.deletionTimestamp !== undefined;
    const grace = pod.metadata?.deletionGracePeriodSeconds;
    if (deleted) {
      if (this.#stage === "living") this.#end();
      else if (this.#stage === "ending" && grace !== before.metadata?.deletionGracePeriodSeconds) this.#interruptNow();
    }
    const changed = pod.metadata?.generation !== before.metadata?.generation;
    const relabelled = pod.metadata?.labels !== before.metadata?.labels || pod.metadata?.annotations !== before.metadata?.annotations;
    if (changed && this.#stage === "living") this.#node.objects.use(pod);
    // Labels show in downward API volumes; conditions of others decide about readiness.
    if (relabelled) this.refreshVolumes();
    this.wake();
  }

  /** The API server has forgotten the pod: it ends here too, and nobody is told. */
  orphan(): void {
    this.#orphaned = true;
    if (this.#stage === "living") this.#end();
    this.wake();
  }

  /** Something of what the volumes show has changed. */
  refreshVolumes(): void {
    if (this.#volumes === undefined || this.#stage !== "living") return;
    this.#node.volumes.setUp(this.#pod).catch((error: unknown) => {
      this.#node.log.debug("volumes not refreshed", { pod: podText(this.#pod), error });
    });
  }

  wake(): void {
    this.#awake = true;
    if (this.#running || this.#stopped) return;
    this.#running = true;
    void this.#work();
  }

  /** Lets go of the pod without touching its containers: the agent ends. */
  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
    this.#probes.stop();
    this.#interrupt.abort(new Error("the agent stops"));
  }

  async #work(): Promise<void> {
    while (this.#awake && !this.#stopped) {
      this.#awake = false;
      this.#timer?.cancel();
      this.#wakeAt = Number.POSITIVE_INFINITY;
      this.#failing = false;
      if (this.#interrupt.signal.aborted) this.#interrupt = new AbortController();
      try {
        if (this.#stage === "living") await this.#live();
        else if (this.#stage === "ending") await this.#terminate();
        else await this.#cleanUp();
      } catch (error) {
        if (this.#interrupt.signal.aborted) this.#awake = true;
        else this.#retryLater(error);
      }
      if (!this.#failing) this.#retries = 0;
    }
    this.#running = false;
    if (!this.#stopped && this.#wakeAt < Number.POSITIVE_INFINITY) {
      const delay = Math.max(0, this.#wakeAt - this.#node.clock.now());
      this.#timer = this.#node.clock.setTimeout(() => this.wake(), delay);
    }
  }

  #retryLater(error: unknown): void {
    this.#failing = true;
    const delay = Math.min(maxRetry, firstRetry * 2 ** this.#retries++);
    this.#node.log.info("pod not in step, will retry", { pod: podText(this.#pod), after: goDuration(delay), error });
    this.#wakeBy(this.#node.clock.now() + delay);
  }

  #wakeBy(time: number): void {
    this.#wakeAt = Math.min(this.#wakeAt, time);
  }

  #interruptNow(): void {
    this.#interrupt.abort(new Error("the pod is being deleted"));
    this.wake();
  }

  #end(): void {
    this.#stage = "ending";
    this.#probes.stopForTermination();
    this.#interruptNow();
  }

  #isTerminal(status: PodStatus | undefined): boolean {
    return status?.phase === "Succeeded" || status?.phase === "Failed";
  }

  async #read(): Promise<PodRuntime> {
    const runtime = await readPodRuntime(this.#node.cri, this.uid);
    const containers = await Promise.all(
      runtime.containers.map(async (container) => {
        if (container.state !== "exited") return container;
        const known = this.#messages.get(container.id);
        const message = known ?? (await terminationMessage(container, this.#node.clock));
        this.#messages.set(container.id, message);
        return { ...container, message };
      }),
    );
    this.#runtime = { ...runtime, containers };
    return this.#runtime;
  }

  #tell(ended: boolean): PodStatus {
    const { node, statuses } = { node: this.#node, statuses: this.#options.statuses };
    const status = podStatus({
      pod: this.given,
      runtime: this.#runtime,
      old: statuses.get(this.uid) ?? this.#pod.status ?? {},
      failures: this.#failures,
      probes: this.#probes.state,
      hostIPs: node.nodeIPs,
      ended,
      failed: this.#failed,
      resize: ended ? [] : this.#resize.conditions,
      now: formatTime(node.clock.now()),
    });
    if (ended) return this.#orphaned ? status : statuses.set(this.#pod, endedStatus(status));
    // A phase that is terminal is told only when nothing of the pod can run any more.
    const running = this.#runtime.containers.some((c) => c.state === "running");
    const told = this.#isTerminal(status) && running ? { ...status, phase: this.#pod.status?.phase ?? "Running" } : status;
    if (!this.#orphaned) statuses.set(this.#pod, told);
    this.#probes.trigger();
    return status;
  }

  async #live(): Promise<void> {
    // Of a pod that no agent has begun with, the runtime knows nothing: it need not be asked.
    if (!this.#fresh) await this.#read();
    this.#fresh = false;
    this.#checkDeadline();
    this.#resize.decide(this.#pod);
    const restarts = await this.#resize.apply(this.#pod, this.#runtime);
    const status = this.#tell(false);
    if (this.#isTerminal(status) || this.#failed !== undefined) {
      this.#end();
      return;
    }
    const plan = planPod(this.#pod, this.#runtime, this.#probes.verdicts);
    for (const restart of restarts) addRestart(plan, this.#pod, restart);
    await this.#carryOut(plan);
    await this.#dropOld();
  }

  /** Of each container the present instance and the one before are kept; the rest goes, with its log. */
  async #dropOld(): Promise<void> {
    const { containers, sandboxes } = this.#runtime;
    const old = containers.filter(
      (c, i) => c.state === "exited" && containers.slice(0, i).filter((newer) => newer.name === c.name).length >= 2,
    );
    for (const container of old) {
      await this.#node.cri.removeContainer(container.id);
      removeContainerLog(this.#node, this.#pod, container);
      this.#messages.delete(container.id);
    }
    const kept = new Set(containers.filter((c) => !old.includes(c)).map((c) => c.sandboxId));
    for (const sandbox of sandboxes.slice(1))
      if (!sandbox.ready && !kept.has(sandbox.id)) await this.#node.cri.removePodSandbox(sandbox.id);
  }

  #checkDeadline(): void {
    const deadline = this.#pod.spec?.activeDeadlineSeconds;
    const start = (this.#options.statuses.get(this.uid) ?? this.#pod.status)?.startTime;
    if (deadline === undefined || start === undefined) return;
    const at = Date.parse(start) + deadline * 1000;
    if (this.#node.clock.now() < at) {
      this.#wakeBy(at);
      return;
    }
    const message = "Pod was active on the node longer than the specified deadline";
    this.#node.events.event(aboutPod(this.#pod), "Normal", "DeadlineExceeded", message);
    this.#failed = { reason: "DeadlineExceeded", message };
  }

  async #carryOut(plan: PodPlan): Promise<void> {
    const { signal } = this.#interrupt;
    if (plan.killPod && (!plan.createSandbox || this.#runtime.sandboxes.length > 0)) {
      if (plan.createSandbox)
        this.#node.events.event(aboutPod(this.#pod), "Normal", "SandboxChanged", "Pod sandbox changed, it will be killed and re-created.");
      await untilAborted(this.#stopAll(signal), signal);
      if (!plan.createSandbox) {
        this.#awake = true;
        return;
      }
    }
    const kills = plan.kills.map((kill) => killContainer(this.#node, { ...kill, pod: this.#pod, grace: undefined, signal }));
    await untilAborted(Promise.all(kills), signal);
    for (const container of plan.resets) await this.#reset(container.id, container.state === "running");
    if (plan.resets.length > 0) {
      this.#awake = true;
      return;
    }
    const starts = plan.initContainers.length + plan.containers.length + plan.ephemeralContainers.length;
    if (!plan.createSandbox && starts === 0) {
      // Found running by a new agent: from now on their contents are kept up to date.
      if (this.#volumes === undefined) await this.#setUpVolumes();
      return;
    }
    signal.throwIfAborted();
    const volumes = await this.#setUpVolumes();
    if (volumes === undefined) return;
    // Before the kills of this pass: a container that is restarted for its probe does not wait for what it did just now.
    const seen = this.#runtime;
    const config = sandboxConfig(this.#node, this.given, plan.attempt);
    if (plan.createSandbox) await this.#makeSandbox(config, signal);
    if (plan.kills.length > 0) await this.#read();
    await this.#startAll(plan, { config, volumes, signal, seen });
  }

  async #reset(id: string, running: boolean): Promise<void> {
    if (running) await this.#node.cri.stopContainer(id, 2);
    await this.#node.cri.removeContainer(id);
  }

  async #setUpVolumes(): Promise<Map<string, MountedVolume> | undefined> {
    try {
      this.#volumes = await this.#node.volumes.setUp(this.#pod);
      return this.#volumes;
    } catch (error) {
      if (error instanceof VolumeError) this.#node.events.event(aboutPod(this.#pod), "Warning", "FailedMount", error.message);
      // Objects that are missing wake the worker when they appear; the rest is tried again.
      this.#retryLater(error);
      return undefined;
    }
  }

  async #makeSandbox(config: PodSandboxConfig, signal: AbortSignal): Promise<void> {
    // With a new sandbox the pod is initialised anew.
    const init = new Set(this.#pod.spec?.initContainers?.map((c) => c.name));
    await Promise.all(this.#runtime.containers.filter((c) => init.has(c.name)).map((c) => this.#node.cri.removeContainer(c.id)));
    const id = await createSandbox(this.#node, this.given, config, signal);
    const made = await this.#node.cri.podSandboxStatus(id);
    if (made === undefined) throw new Error("the sandbox has ended at once");
    this.#runtime = {
      sandboxes: [toRuntimeSandbox(made), ...this.#runtime.sandboxes],
      containers: this.#runtime.containers.filter((c) => !init.has(c.name)),
    };
    this.#tell(false);
  }

  async #startAll(plan: PodPlan, pass: StartPass): Promise<void> {
    const { spec } = this.#pod;
    const start = (container: Container): Promise<boolean> => this.#startOne(container, pass);
    for (const index of plan.ephemeralContainers) {
      const container = spec?.ephemeralContainers?.[index];
      if (container !== undefined) await start(container as Container);
    }
    for (const index of plan.initContainers) {
      const container = spec?.initContainers?.[index] as Container;
      if (!(await start(container)) && container.restartPolicy !== "Always") break;
    }
    for (const index of plan.containers) await start(spec?.containers[index] as Container);
    this.#tellFailures();
  }

  /** Failures are told at once; successes when the runtime has been read again. */
  #tellFailures(): void {
    if (this.#failures.size > 0) this.#tell(false);
  }

  /** True when it was started. */
  async #startOne(container: Container, { config, volumes, signal, seen }: StartPass): Promise<boolean> {
    if (this.#backsOff(container, seen)) return false;
    const sandbox = this.#runtime.sandboxes[0];
    if (sandbox === undefined) return false;
    try {
      const given = this.given;
      const own = findContainer(given.spec, container.name) ?? container;
      const id = await startContainer(this.#node, {
        pod: given,
        container: own,
        sandboxId: sandbox.id,
        sandbox: config,
        ips: sandbox.ips,
        runtime: this.#runtime,
        volumes,
        signal,
      });
      this.#resize.started(own as Container, id);
      this.#failures.delete(container.name);
      this.#awake = true;
      return true;
    } catch (error) {
      if (signal.aborted || !(error instanceof StartError)) throw error;
      this.#failures.set(container.name, { reason: error.reason, message: error.message });
      if (error.retryAt !== undefined) this.#wakeBy(error.retryAt);
      else this.#retryLater(error);
      // A container that was made and could not be started lies in the runtime now.
      if (error.reason === "RunContainerError" || error.reason === "PostStartHookError") await this.#read();
      return false;
    }
  }

  #backsOff(container: Container, seen: PodRuntime): boolean {
    const last = seen.containers.find((c) => c.name === container.name && c.state === "exited");
    if (last === undefined) return false;
    const retryAt = this.#backoff.retryAt(container.name, last.finishedAt);
    if (retryAt === undefined) {
      this.#backoff.next(container.name, last.finishedAt);
      return false;
    }
    const text = podText(this.#pod);
    containerEvent(
      this.#node.events,
      this.#pod,
      container,
      "Warning",
      "BackOff",
      `Back-off restarting failed container ${container.name} in pod ${text}`,
    );
    const delay = goDuration(this.#backoff.delay(container.name));
    this.#failures.set(container.name, {
      reason: "CrashLoopBackOff",
      message: `back-off ${delay} restarting failed container=${container.name} pod=${text}`,
    });
    this.#wakeBy(retryAt);
    return true;
  }

  async #stopAll(signal: AbortSignal): Promise<void> {
    const running = this.#runtime.containers.filter((c) => c.state === "running" || c.state === "unknown");
    await killContainers(this.#node, this.#pod, running, signal);
    await Promise.all(this.#runtime.sandboxes.map((s) => this.#node.cri.stopPodSandbox(s.id)));
    this.#node.log.debug("stopped", { pod: podText(this.#pod) });
  }

  async #terminate(): Promise<void> {
    const { signal } = this.#interrupt;
    await this.#read();
    const alreadyTerminal = this.#isTerminal(this.#pod.status);
    if (!alreadyTerminal) this.#tell(false);
    // A shorter grace period interrupts this one.
    await untilAborted(this.#stopAll(signal), signal);
    await this.#read();
    if (this.#runtime.containers.some((c) => c.state === "running")) throw new Error("containers of the pod still run");
    if (!alreadyTerminal) this.#tell(true);
    this.#probes.stop();
    await this.#node.volumes.tearDown(this.uid);
    this.#volumes = undefined;
    this.#node.cgroups.remove(this.#node.cgroupPaths.pod(this.#pod));
    this.#node.objects.release(this.uid);
    this.#stage = "ended";
    this.#awake = true;
  }

  /** The pod's work is done. Its containers stay, for their logs, until the pod is deleted. */
  async #cleanUp(): Promise<void> {
    const deleted = this.#pod.metadata?.deletionTimestamp !== undefined;
    if (!deleted && !this.#orphaned) return;
    if (!this.#orphaned) {
      await this.#options.statuses.flush(this.uid);
      await this.#confirmDeletion();
    }
    const { cri } = this.#node;
    await Promise.all(this.#runtime.containers.map((c) => cri.removeContainer(c.id)));
    await Promise.all(this.#runtime.sandboxes.map((s) => cri.removePodSandbox(s.id)));
    for (const container of this.#runtime.containers) removeContainerLog(this.#node, this.#pod, container);
    rmSync(podLogDirectory(this.#node.paths, this.#pod), { recursive: true, force: true });
    this.#node.images.forget(this.uid);
    this.#node.objects.release(this.uid);
    this.#options.statuses.forget(this.uid);
    this.stop();
    this.#options.onGone(this.uid);
  }

  async #confirmDeletion(): Promise<void> {
    const { name = "", namespace = "" } = this.#pod.metadata ?? {};
    try {
      await this.#node.client.resource(pods, namespace).delete(name, { gracePeriodSeconds: 0, preconditions: { uid: this.uid } });
    } catch (error) {
      if (!isApiError(error) || (error.code !== 404 && error.code !== 409)) throw error;
    }
  }
}

/** A container that its resize policy has restarted for its new size. */
function addRestart(plan: PodPlan, pod: Pod, { id, container, message }: ResizeRestart): void {
  if (plan.killPod || plan.kills.some((kill) => kill.id === id)) return;
  plan.kills.push({ id, container, message, reason: "" });
  const regular = pod.spec?.containers.findIndex((c) => c.name === container.name) ?? -1;
  const init = pod.spec?.initContainers?.findIndex((c) => c.name === container.name) ?? -1;
  if (regular >= 0) plan.containers.push(regular);
  else if (init >= 0) plan.initContainers.push(init);
}
