/** Carrying out a probe: exec, HTTP, TCP, gRPC. Output texts are the kubelet's. */
import { request as httpRequest } from "node:http";
import { createConnection } from "node:net";
import { grpcClient, grpcCode, isGrpcError } from "../../host/grpc.ts";
import type { Container, HTTPGetAction, Probe } from "../../schema/types/core-v1.ts";
import { expand } from "../container/expansion.ts";
import type { CriClient } from "../cri/cri-client.ts";
import { containerPort } from "../pod/hooks.ts";

export interface ProbeOutcome {
  readonly result: "success" | "warning" | "failure" | "unknown";
  readonly output: string;
}

export interface ProbeTarget {
  readonly container: Container;
  readonly containerId: string;
  readonly podIP: string;
  /** For the User-Agent: `1.36`. */
  readonly version: string;
}

const maxBody = 10 * 1024;

/** Throws when the probe itself cannot be carried out. */
export async function runProbe(cri: CriClient, probe: Probe, target: ProbeTarget): Promise<ProbeOutcome> {
  const timeout = (probe.timeoutSeconds ?? 1) * 1000;
  if (probe.exec !== undefined) return execProbe(cri, probe.exec.command ?? [], target, timeout);
  if (probe.httpGet !== undefined) return httpProbe(probe.httpGet, target, timeout);
  if (probe.tcpSocket !== undefined) {
    return tcpProbe(probe.tcpSocket.host || target.podIP, containerPort(probe.tcpSocket.port, target.container), timeout);
  }
  if (probe.grpc !== undefined) return grpcProbe(target.podIP, probe.grpc.port, probe.grpc.service ?? "", timeout);
  throw new Error(`missing probe handler for ${target.container.name}`);
}

async function execProbe(
  cri: CriClient,
  command: readonly string[],
  { container, containerId }: ProbeTarget,
  timeout: number,
): Promise<ProbeOutcome> {
  const env = new Map((container.env ?? []).map((e) => [e.name, e.value ?? ""]));
  const expanded = command.map((text) => expand(text, (name) => env.get(name)));
  try {
    const { stdout, stderr, exitCode } = await cri.execSync(containerId, expanded, timeout / 1000);
    const output = Buffer.concat([stdout, stderr]).subarray(0, maxBody).toString("utf8");
    return { result: exitCode === 0 ? "success" : "failure", output };
  } catch (error) {
    if (!isGrpcError(error, grpcCode.deadlineExceeded)) throw error;
    return { result: "failure", output: `command timed out: "${expanded.join(" ")}" timed out after ${timeout / 1000}s` };
  }
}

async function httpProbe(action: HTTPGetAction, { container, podIP, version }: ProbeTarget, timeout: number): Promise<ProbeOutcome> {
  const scheme = action.scheme?.toUpperCase() === "HTTPS" ? "https" : "http";
  const host = action.host || podIP;
  const port = containerPort(action.port, container);
  const path = action.path?.startsWith("/") === true ? action.path : `/${action.path ?? ""}`;
  const url = `${scheme}://${host.includes(":") ? `[${host}]` : host}:${port}${path}`;
  const headers: Record<string, string | string[]> = { "user-agent": `kube-probe/${version}`, accept: "*/*", connection: "close" };
  for (const { name, value } of action.httpHeaders ?? []) {
    const key = name.toLowerCase();
    const present = key === "user-agent" || key === "accept" ? undefined : headers[key];
    headers[key] = present === undefined ? value : [present, value].flat();
  }
  if (headers["accept"] === "") delete headers["accept"];
  try {
    return await fetchOnce(url, headers, timeout, 10);
  } catch (error) {
    return { result: "failure", output: `Get "${url}": ${networkWords(error as Error, host, port)}` };
  }
}

async function fetchOnce(
  url: string,
  headers: Record<string, string | string[]>,
  timeout: number,
  redirects: number,
): Promise<ProbeOutcome> {
  const { hostname } = new URL(url);
  const send = url.startsWith("https:") ? (await import("node:https")).request : httpRequest;
  const { status, location, body } = await new Promise<{ status: number; location: string | undefined; body: string }>(
    (resolve, reject) => {
      const call = send(url, { headers, rejectUnauthorized: false, agent: false, signal: AbortSignal.timeout(timeout) }, (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.once("error", reject);
        response.once("end", () =>
          resolve({
            status: response.statusCode ?? 0,
            location: response.headers.location,
            body: Buffer.concat(chunks).subarray(0, maxBody).toString("utf8"),
          }),
        );
      });
      call.once("error", reject);
      call.end();
    },
  );
  if (status >= 300 && status < 400 && location !== undefined) {
    const next = new URL(location, url);
    // Another host is not asked: the container answered, and that is what counts.
    if (next.hostname !== hostname) return { result: "warning", output: `Probe terminated redirects, Response body: ${body}` };
    if (redirects > 0) return fetchOnce(next.href, headers, timeout, redirects - 1);
    return { result: "failure", output: `Get "${next.href}": stopped after 10 redirects` };
  }
  if (status >= 200 && status < 400) return { result: "success", output: body };
  return { result: "failure", output: `HTTP probe failed with statuscode: ${status}` };
}

/** Failures of the network as Go words them. */
function networkWords(error: Error, host: string, port: number): string {
  const { code } = error as NodeJS.ErrnoException;
  const address = host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
  if (error.name === "TimeoutError" || code === "ABORT_ERR" || error.name === "AbortError") {
    return "context deadline exceeded (Client.Timeout exceeded while awaiting headers)";
  }
  if (code === "ECONNREFUSED") return `dial tcp ${address}: connect: connection refused`;
  if (code === "EHOSTUNREACH") return `dial tcp ${address}: connect: no route to host`;
  if (code === "ETIMEDOUT") return `dial tcp ${address}: i/o timeout`;
  if (code === "ECONNRESET") return `read tcp ${address}: read: connection reset by peer`;
  return error.message;
}

function tcpProbe(host: string, port: number, timeout: number): Promise<ProbeOutcome> {
  return new Promise((resolve) => {
    const socket = createConnection({ host, port, signal: AbortSignal.timeout(timeout) });
    socket.once("connect", () => {
      socket.destroy();
      resolve({ result: "success", output: "" });
    });
    socket.once("error", (error) => {
      const address = host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
      const words =
        error.name === "AbortError" || error.name === "TimeoutError" ? `dial tcp ${address}: i/o timeout` : networkWords(error, host, port);
      resolve({ result: "failure", output: words });
    });
  });
}

/** `grpc.health.v1`, as grpc/proto/health/v1 defines it. */
const health = {
  nested: {
    grpc: {
      nested: {
        health: {
          nested: {
            v1: {
              nested: {
                HealthCheckRequest: { fields: { service: { type: "string", id: 1 } } },
                HealthCheckResponse: {
                  fields: { status: { type: "ServingStatus", id: 1 } },
                  nested: { ServingStatus: { values: { UNKNOWN: 0, SERVING: 1, NOT_SERVING: 2, SERVICE_UNKNOWN: 3 } } },
                },
                Health: { methods: { Check: { requestType: "HealthCheckRequest", responseType: "HealthCheckResponse" } } },
              },
            },
          },
        },
      },
    },
  },
};

async function grpcProbe(host: string, port: number, service: string, timeout: number): Promise<ProbeOutcome> {
  const address = host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
  const client = await grpcClient(address, health, "grpc.health.v1.Health");
  try {
    const { status } = await client.call<{ status: string }>("Check", { service }, { timeout });
    if (status === "SERVING") return { result: "success", output: "service healthy" };
    return { result: "failure", output: `service unhealthy (responded with "${status}")` };
  } catch (error) {
    if (isGrpcError(error, grpcCode.unimplemented)) {
      return {
        result: "failure",
        output: `error: this server does not implement the grpc health protocol (grpc.health.v1.Health): ${error.details}`,
      };
    }
    if (isGrpcError(error, grpcCode.deadlineExceeded, grpcCode.unavailable)) {
      return { result: "failure", output: `timeout: failed to connect service "${address}" within ${timeout / 1000}s: ${error.details}` };
    }
    return { result: "failure", output: `error: health rpc failed: ${(error as Error).message}` };
  } finally {
    client.close();
  }
}
