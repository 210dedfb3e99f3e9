/** Lifecycle handlers: exec, httpGet, sleep. (tcpSocket is accepted by the API and does nothing, as upstream.) */
import { request } from "node:http";
import { sleep } from "../../core/clock.ts";
import type { Container, HTTPGetAction, LifecycleHandler, Pod } from "../../schema/types/core-v1.ts";
import { expand } from "../container/expansion.ts";
import type { NodeContext } from "../node-context.ts";
import { podText } from "../node-context.ts";

export interface HookTarget {
  readonly pod: Pod;
  readonly container: Container;
  readonly containerId: string;
  /** The pod's; empty while it has none. */
  readonly ip: string;
  readonly signal: AbortSignal;
}

/** Throws an Error that says how the handler failed. */
export async function runHook(node: NodeContext, handler: LifecycleHandler, target: HookTarget): Promise<void> {
  const { container, containerId, pod } = target;
  if (handler.exec !== undefined) {
    const command = handler.exec.command ?? [];
    const result = await node.cri.execSync(containerId, command, 0, target.signal);
    if (result.exitCode === 0) return;
    const output = JSON.stringify(Buffer.concat([result.stdout, result.stderr]).toString("utf8"));
    throw new Error(
      `Exec lifecycle hook ([${command.join(" ")}]) for Container "${container.name}" in Pod "${podText(pod)}" failed - error: command '${command.join(" ")}' exited with ${result.exitCode}: , message: ${output}`,
    );
  }
  if (handler.httpGet !== undefined) {
    await httpHook(handler.httpGet, target);
    return;
  }
  if (handler.sleep !== undefined) await sleep(node.clock, handler.sleep.seconds * 1000, target.signal);
}

/** A number, or the number of the container's port of that name. */
export function containerPort(port: number | string, container: Container): number {
  if (typeof port === "number") return port;
  const named = container.ports?.find((p) => p.name === port)?.containerPort ?? Number(port);
  if (!(named > 0 && named < 65536)) throw new Error(`couldn't find port: "${port}"`);
  return named;
}

async function httpHook(action: HTTPGetAction, { container, ip, signal }: HookTarget): Promise<void> {
  const port = containerPort(action.port, container);
  const https = action.scheme?.toUpperCase() === "HTTPS";
  const send = https ? (await import("node:https")).request : request;
  const headers = Object.fromEntries((action.httpHeaders ?? []).map((h) => [h.name, expand(h.value, () => undefined)]));
  await new Promise<void>((resolve, reject) => {
    const call = send(
      {
        host: action.host || ip,
        port,
        path: action.path ?? "/",
        headers: { "user-agent": "kube-lifecycle/1.36", accept: "*/*", ...headers },
        rejectUnauthorized: false,
        signal,
      },
      (response) => {
        response.resume();
        response.once("end", () => resolve());
        response.once("error", reject);
      },
    );
    call.once("error", reject);
    call.end();
  });
}
