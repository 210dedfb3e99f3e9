/**
 * Keeps one node agent running in each machine. An agent is a daemon: it outlives the control plane, and the next `up`
 * finds it by its pid file. One that ends is started again, with a delay that grows from 0.5 s to 10 s.
 */
import { spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync } from "node:fs";
import { join } from "node:path";
import type { Clock, Timer } from "../../core/clock.ts";
import type { Logger } from "../../core/log.ts";
import { writeFileWhole } from "../state.ts";
import { inside, type Machine } from "./machine.ts";
import { isAlive, liveProcess, processId, type ProcessId, stopProcess } from "./processes.ts";

export interface AgentOptions {
  readonly machine: Machine;
  readonly holder: () => Promise<ProcessId>;
  /** What the agent is started with: its configuration file. */
  readonly configFile: string;
  readonly clock: Clock;
  readonly log: Logger;
}

/** How often an agent that is not our child is looked after. */
const watchEvery = 1000;
const shortest = 500;
const longest = 10_000;

export function agentProcess(machine: Machine): ProcessId | undefined {
  return liveProcess(join(machine.dir, "agent.json"));
}

export class Agent {
  readonly #options: AgentOptions;
  #timer: Timer | undefined;
  #delay = shortest;
  #stopped = false;

  constructor(options: AgentOptions) {
    this.#options = options;
  }

  /** Takes over the agent that runs, or starts one. `fresh`: its configuration changed, so a running one is replaced. */
  async start(fresh: boolean): Promise<"adopted" | "started"> {
    const present = agentProcess(this.#options.machine);
    if (present !== undefined && fresh) await stopProcess(present, 10_000);
    if (present !== undefined && !fresh) {
      this.#watch(present);
      return "adopted";
    }
    await this.#spawn();
    return "started";
  }

  /** Ends the agent; its pods are left to whoever takes the machine away. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#timer?.cancel();
    const present = agentProcess(this.#options.machine);
    if (present !== undefined) await stopProcess(present, 10_000);
  }

  async #spawn(): Promise<void> {
    const { machine, configFile, log } = this.#options;
    const holder = await this.#options.holder();
    mkdirSync(join(machine.dir, "logs"), { recursive: true });
    const file = openSync(join(machine.dir, "logs", "agent.log"), "a", 0o600);
    const [command, ...args] = [
      ...inside(holder),
      process.execPath,
      ...process.execArgv,
      process.argv[1] as string,
      "run-node",
      "--config",
      configFile,
    ];
    const child = spawn(command as string, args, { detached: true, stdio: ["ignore", file, file] });
    closeSync(file);
    const started = this.#options.clock.monotonic();
    child.once("error", (error) => log.error("the node agent could not be started", { node: machine.name, error }));
    child.once("exit", (code, signal) => {
      if (this.#stopped) return;
      if (this.#options.clock.monotonic() - started > 30_000) this.#delay = shortest;
      log.warn("the node agent ended; starting it again", { node: machine.name, code, signal, inMs: this.#delay });
      this.#again();
    });
    child.unref();
    if (child.pid !== undefined) writeFileWhole(join(machine.dir, "agent.json"), JSON.stringify(processId(child.pid)));
  }

  #again(): void {
    this.#timer = this.#options.clock.setTimeout(() => {
      this.#spawn().catch((error: unknown) => {
        this.#options.log.error("the node agent could not be started", { node: this.#options.machine.name, error });
        this.#again();
      });
    }, this.#delay);
    this.#delay = Math.min(longest, this.#delay * 2);
  }

  #watch(present: ProcessId): void {
    this.#timer = this.#options.clock.setInterval(() => {
      if (isAlive(present)) return;
      this.#timer?.cancel();
      if (!this.#stopped) this.#again();
    }, watchEvery);
  }
}
