/**
 * A control plane in this process, and requests that no honest client sends. What must hold for each: an answer in time, no
 * 500 but those that are upstream's own words, no lost rejection; and memory that does not grow with their number.
 */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { ApiResponse } from "../../src/apiserver/request.ts";
import type { ControlPlane } from "../../src/cluster/control-plane.ts";
import { apiRequest } from "../control-plane/ask.ts";
import { memoryControlPlane } from "../control-plane/memory-control-plane.ts";
import { type FuzzRequest, generator, goodObjects } from "./requests.ts";
import { chance } from "./random.ts";

export interface Finding {
  readonly number: number;
  readonly what: string;
  readonly request: string;
}

export interface Report {
  readonly requests: number;
  /** How often each status was answered. */
  readonly statuses: Readonly<Record<string, number>>;
  readonly findings: readonly Finding[];
}

/** 500s that upstream answers too, by their messages. */
const meant: readonly RegExp[] = [
  /resourceVersion should not be set on objects to be created/,
  /strconv\.ParseUint: parsing /,
  /etcdserver: request is too large/,
  /failed to create RequestInfo/,
  /no preferred addresses found; known addresses: /,
  // A legacy binding, an apply of what is not declared, a strategic merge patch that cannot be read: errors without a status.
  /target\.(name|kind): /,
  /failed to create typed patch object /,
  /unknown patch type: /,
  /list element types are not identical: /,
  /expected a \[\]interface \{\}, but received a /,
];

const patience = 20_000;

export interface Fuzzed {
  readonly plane: ControlPlane;
  /** Of its HTTPS front. */
  readonly port: number;
  /** `dry`: nothing is written, so that nothing needs to be kept. */
  run(seed: number, count: number, dry?: boolean): Promise<Report>;
  /** Bytes in use after a collection of garbage. */
  heap(): Promise<number>;
  stop(): Promise<void>;
}

export async function startFuzzed(): Promise<Fuzzed> {
  const { plane, config, ...started } = await memoryControlPlane({ name: "fuzz", work: false });
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  return {
    plane,
    port: config.port,
    run: (seed, count, dry = false) => run(plane, seed, count, dry),
    heap: async () => {
      // What compresses and what buffers hold is let go a turn after its owner, and what that held a turn later.
      for (let turn = 0; turn < 3; turn++) {
        collect();
        await new Promise((next) => setImmediate(next));
      }
      const { heapUsed, external } = process.memoryUsage();
      return heapUsed + external;
    },
    stop: async () => started[Symbol.asyncDispose](),
  };
}

const good = goodObjects();

async function run(plane: ControlPlane, seed: number, count: number, dry: boolean): Promise<Report> {
  const requests = generator(chance(seed), plane.server.definitions, good);
  const statuses: Record<string, number> = {};
  const findings: Finding[] = [];
  let current = 0;
  const lost = (error: unknown): void => {
    findings.push({ number: current, what: `a rejection nobody took: ${describe(error)}`, request: "" });
  };
  process.on("unhandledRejection", lost);
  try {
    for (current = 0; current < count; current++) {
      const drawn = requests.next();
      const request = dry ? { ...drawn, path: `${drawn.path}${drawn.path.includes("?") ? "&" : "?"}dryRun=All` } : drawn;
      const { status, fault } = await ask(plane, request);
      statuses[status] = (statuses[status] ?? 0) + 1;
      if (fault !== undefined) findings.push({ number: current, what: fault, request: shown(request) });
    }
  } finally {
    process.off("unhandledRejection", lost);
  }
  return { requests: count, statuses, findings };
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

function shown({ method, path, headers, body }: FuzzRequest): string {
  const text = body === undefined ? "" : Buffer.from(body.buffer, body.byteOffset, Math.min(body.length, 2000)).toString("latin1");
  return `${method} ${path.slice(0, 500)} ${JSON.stringify(headers).slice(0, 500)} ${JSON.stringify(text)}`;
}

async function ask(plane: ControlPlane, request: FuzzRequest): Promise<{ status: number; fault: string | undefined }> {
  const abort = new AbortController();
  const user = { name: "admin", groups: ["system:masters", "system:authenticated"] };
  let late: NodeJS.Timeout | undefined;
  const tooLate = new Promise<undefined>((resolve) => (late = setTimeout(resolve, patience, undefined)));
  try {
    const response = await Promise.race([plane.server.handle(apiRequest({ ...request, user, signal: abort.signal })), tooLate]);
    if (response === undefined) return { status: 0, fault: `no answer within ${patience / 1000} s` };
    const text = await textOf(response, abort, tooLate);
    if (text === undefined) return { status: response.status, fault: "the answer did not end after its reader had gone" };
    return { status: response.status, fault: response.status === 500 ? unmeant(text) : undefined };
  } catch (error) {
    return { status: 0, fault: `handle rejected: ${describe(error)}` };
  } finally {
    clearTimeout(late);
    abort.abort();
  }
}

function unmeant(text: string): string | undefined {
  let message = text;
  try {
    message = String((JSON.parse(text) as { message?: string }).message);
  } catch {
    // A page of text, or protobuf: its words are looked for as they are.
  }
  return meant.some((m) => m.test(message)) ? undefined : `500: ${message.slice(0, 500)}`;
}

/** What an answer says; of one that lasts, what it says at once. Undefined: it does not end when its reader goes. */
async function textOf(response: ApiResponse, abort: AbortController, tooLate: Promise<undefined>): Promise<string | undefined> {
  const { stream, bytes } = response;
  if (stream === undefined)
    return bytes === undefined ? "" : Buffer.concat(bytes instanceof Uint8Array ? [bytes] : [...bytes]).toString("latin1");
  let text = "";
  const ended = new Promise<string>((resolve, reject) => {
    const end = (): void => resolve(text);
    const run = stream({
      write: (chunk) => {
        if (text.length < 10_000) text += Buffer.from(chunk).toString("latin1");
        return true;
      },
      onDrain: (drained) => drained(),
      end,
      destroy: end,
      signal: abort.signal,
      buffered: 0,
    });
    Promise.resolve(run).catch(reject);
    abort.signal.addEventListener("abort", end, { once: true });
  });
  setImmediate(() => abort.abort());
  return Promise.race([ended, tooLate]);
}
