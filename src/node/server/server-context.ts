/** What the handlers of the kubelet's API share. */
import type { ServerResponse } from "node:http";
import type { Clock } from "../../core/clock.ts";
import type { Logger } from "../../core/log.ts";
import type { NodeContext } from "../node-context.ts";
import type { NodeAgentOptions } from "../options.ts";
import type { StatusManager } from "../pod/status-manager.ts";
import type { PodWorkers } from "../pod-workers.ts";

export interface KubeletServerOptions {
  readonly node: NodeContext;
  readonly workers: PodWorkers;
  readonly statuses: StatusManager;
  readonly options: NodeAgentOptions;
  readonly clock: Clock;
  readonly log: Logger;
}

export function sendJson(response: ServerResponse, body: unknown): void {
  response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(body));
}
