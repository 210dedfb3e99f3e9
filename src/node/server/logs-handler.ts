/** `/containerLogs/NAMESPACE/POD/CONTAINER`: a container's log, as PodLogOptions ask. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { readLog } from "../logs/read-log.ts";
import type { ContainerStatus, PodStatus } from "../../schema/types/core-v1.ts";
import type { KubeletServerOptions } from "./server-context.ts";
import { HttpProblem } from "./targets.ts";

export async function serveLogs(server: KubeletServerOptions, url: URL, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { node, workers, statuses, clock } = server;
  const [, , namespace = "", name = "", container = ""] = url.pathname.split("/").map(decodeURIComponent);
  const query = url.searchParams;
  const worker = workers.find(namespace, name);
  if (worker === undefined) throw new HttpProblem(404, `pod "${name}" not found`);
  const { spec } = worker.pod;
  const exists = [...(spec?.containers ?? []), ...(spec?.initContainers ?? []), ...(spec?.ephemeralContainers ?? [])].some(
    (c) => c.name === container,
  );
  if (!exists) throw new HttpProblem(404, `container "${container}" not found in pod "${name}"`);
  const flag = (key: string): boolean => query.get(key) === "true" || query.get(key) === "1";
  const status = statuses.get(worker.uid) ?? worker.pod.status ?? {};
  const id = chooseContainer(name, status, container, flag("previous"));
  const path = workers.findContainer(id)?.logPath ?? (await node.cri.containerStatus(id))?.logPath;
  if (path === undefined || path === "") throw new HttpProblem(500, `unable to retrieve container logs for containerd://${id}`);
  const stop = new AbortController();
  request.once("close", () => stop.abort());
  response.once("close", () => stop.abort());
  const number = (key: string): number | undefined => (query.has(key) ? Number(query.get(key)) : undefined);
  const sinceSeconds = number("sinceSeconds");
  const sinceTime = query.get("sinceTime");
  const log = readLog({
    path,
    follow: flag("follow"),
    tailLines: number("tailLines"),
    since: sinceSeconds !== undefined ? clock.now() - sinceSeconds * 1000 : sinceTime === null ? undefined : Date.parse(sinceTime),
    timestamps: flag("timestamps"),
    limitBytes: number("limitBytes"),
    streams: (query.get("stream") ?? "All") as "All" | "Stdout" | "Stderr",
    running: async () => {
      const state = (await node.cri.containerStatus(id))?.state;
      return state === "CONTAINER_RUNNING" || state === "CONTAINER_CREATED";
    },
    clock,
    signal: stop.signal,
  });
  response.writeHead(200, { "content-type": "text/plain" });
  response.flushHeaders();
  for await (const piece of log) await send(response, piece);
  response.end();
}

/**
 * Resolves when the piece has left. The end must not travel with it: upstream's WebSocket bridge drops data that it reads
 * together with the end of the body.
 */
function send(response: ServerResponse, piece: Buffer): Promise<void> {
  return new Promise((resolve) => {
    response.once("close", resolve);
    response.write(piece, () => {
      response.off("close", resolve);
      setImmediate(resolve);
    });
  });
}

/** The container whose log is meant: the running one, or the last one that ended. */
function chooseContainer(pod: string, status: PodStatus, name: string, previous: boolean): string {
  const all = [...(status.containerStatuses ?? []), ...(status.initContainerStatuses ?? []), ...(status.ephemeralContainerStatuses ?? [])];
  const found: ContainerStatus | undefined = all.find((s) => s.name === name);
  const refuse = (why: string): never => {
    throw new HttpProblem(400, why);
  };
  if (found === undefined) return refuse(`container "${name}" in pod "${pod}" is not available`);
  const last = found.lastState?.terminated?.containerID;
  const strip = (id: string): string => id.replace(/^[a-z]+:\/\//, "");
  if (previous) return last ? strip(last) : refuse(`previous terminated container "${name}" in pod "${pod}" not found`);
  const { waiting, running, terminated } = found.state ?? {};
  if (running !== undefined) return strip(found.containerID ?? "");
  if (terminated !== undefined || found.lastState?.terminated !== undefined) {
    const id = terminated?.containerID || last;
    return id ? strip(id) : refuse(`container "${name}" in pod "${pod}" is terminated`);
  }
  if (waiting?.reason === "ErrImagePull") return refuse(`container "${name}" in pod "${pod}" is waiting to start: image can't be pulled`);
  if (waiting?.reason === "ImagePullBackOff")
    return refuse(`container "${name}" in pod "${pod}" is waiting to start: trying and failing to pull image`);
  if (waiting !== undefined) return refuse(`container "${name}" in pod "${pod}" is waiting to start: ${waiting.reason ?? ""}`);
  return refuse(`container "${name}" in pod "${pod}" is waiting to start - no logs yet`);
}
