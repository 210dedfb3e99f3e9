/** The two sides: a server behind a kubeconfig, and ours in this process (the whole control plane but for controllers). */
import { Agent, request as send } from "node:https";
import { KubeConfig } from "@kubernetes/client-node";
import { load } from "js-yaml";
import { boundedWarnings } from "../../src/apiserver/http/answer.ts";
import type { UserInfo } from "../../src/auth/user.ts";
import { decodeProtobuf } from "../../src/schema/protobuf.ts";
import { apiRequest, bytesOf as answeredBytes, jsonHeaders } from "../control-plane/ask.ts";
import { memoryControlPlane } from "../control-plane/memory-control-plane.ts";
import { type Answer, type CaseRequest, noAnswer, type Server } from "./case.ts";

function bytesOf(body: string | undefined): Buffer | undefined {
  if (body === undefined) return undefined;
  return body.startsWith("base64:") ? Buffer.from(body.slice(7), "base64") : Buffer.from(body);
}

function headersOf(request: CaseRequest): Record<string, string> {
  return { ...jsonHeaders(request.body), ...request.headers };
}

function answerOf(status: number, contentType: string, warnings: readonly string[], bytes: Buffer): Answer {
  let body: unknown = bytes.toString("utf8");
  if (contentType.startsWith("application/vnd.kubernetes.protobuf")) body = decodeProtobuf(bytes).object;
  else if (contentType.startsWith("application/json") && bytes.length > 0) body = JSON.parse(bytes.toString("utf8"));
  else if (contentType.startsWith("application/yaml")) body = load(bytes.toString("utf8"));
  return { status, contentType, warnings, body };
}

/** The texts of `Warning: 299 - "…"` headers. */
function warningsOf(header: string | undefined): string[] {
  return [...(header ?? "").matchAll(/299 - "((?:[^"\\]|\\.)*)"/g)].map((m) => (m[1] ?? "").replace(/\\(.)/g, "$1"));
}

const isReset = (error: unknown): boolean => ["ECONNRESET", "EPIPE"].includes((error as NodeJS.ErrnoException).code ?? "");

function ended(error: unknown): Answer {
  if (!isReset(error)) throw error;
  return noAnswer;
}

/** The server of a kubeconfig's current context. */
export async function remoteServer(kubeconfig: string): Promise<Server> {
  const config = new KubeConfig();
  config.loadFromFile(kubeconfig);
  const tls: Record<string, unknown> = {};
  await config.applyToHTTPSOptions(tls);
  const { hostname, port } = new URL(config.getCurrentCluster()?.server ?? "");
  const agent = new Agent({ keepAlive: true, maxSockets: 16, ...(tls as object) });
  const ask = (request: CaseRequest): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const body = bytesOf(request.body);
      const length = body === undefined ? {} : { "content-length": body.length };
      const { method, path } = request;
      const outgoing = send({ ...tls, agent, hostname, port, method, path, headers: { ...headersOf(request), ...length } }, (incoming) => {
        const chunks: Buffer[] = [];
        incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
        incoming.on("error", reject);
        incoming.on("end", () => {
          const { warning } = incoming.headers as { warning?: string };
          resolve(answerOf(incoming.statusCode ?? 0, incoming.headers["content-type"] ?? "", warningsOf(warning), Buffer.concat(chunks)));
        });
      });
      outgoing.on("error", reject);
      outgoing.setTimeout(20_000, () => outgoing.destroy(new Error(`no answer in 20 s to ${method} ${path}`)));
      outgoing.end(body);
    });
  return {
    // A kept connection may be closed by the server just as it is used again; a second time, the server has panicked.
    ask: (request) =>
      ask(request)
        .catch((error: unknown) => (isReset(error) ? ask(request) : Promise.reject(error)))
        .catch(ended),
    [Symbol.asyncDispose]: () => {
      agent.destroy();
      return Promise.resolve();
    },
  };
}

/** Answers nothing. */
export function silentServer(): Server {
  return { ask: () => Promise.resolve(noAnswer), [Symbol.asyncDispose]: () => Promise.resolve() };
}

/** Whom the reference takes the client of its kubeconfig for. */
const user: UserInfo = {
  name: "admin",
  groups: ["system:masters", "system:authenticated"],
  extra: { "authentication.kubernetes.io/credential-id": ["X509SHA256=0000"] },
};

/** Ours: a control plane of this process over a memory store, asked without a socket. */
export async function localServer(): Promise<Server> {
  const { plane, ...started } = await memoryControlPlane({ name: "differential", port: 0, work: false });
  return {
    ask: async (request) => {
      const { method, path } = request;
      const asked = apiRequest({ method, path, headers: headersOf(request), body: bytesOf(request.body), user });
      const response = await plane.server.handle(asked);
      const type = response.headers["content-type"];
      return answerOf(
        response.status,
        Array.isArray(type) ? (type[0] ?? "") : (type ?? ""),
        boundedWarnings(asked.warnings),
        await answeredBytes(response),
      );
    },
    [Symbol.asyncDispose]: () => started[Symbol.asyncDispose](),
  };
}
