/** The asking end of an HTTP/1.1 upgrade to SPDY. */
import { request as httpRequest, type ClientRequest, type IncomingMessage, type RequestOptions } from "node:http";
import { request as httpsRequest } from "node:https";
import type { Duplex } from "node:stream";
import { ApiError, isApiError } from "../../core/api-error.ts";
import { HandshakeRefused } from "../../host/websocket/connect.ts";
import { protocolHeader, spdyUpgrade } from "./protocols.ts";
import type { UpgradeTarget } from "./session.ts";

export interface Upgraded {
  readonly socket: Duplex;
  readonly head: Buffer;
  /** The stream protocol the server chose. */
  readonly protocol: string;
}

/** Asks for SPDY/3.1, offering stream protocols. Rejects with an ApiError when the server answers something else. */
export async function upgradeToSpdy(target: UpgradeTarget, protocols: readonly string[], signal?: AbortSignal): Promise<Upgraded> {
  signal?.throwIfAborted();
  const dialled = await target.dial?.();
  const { url } = target;
  const options: RequestOptions = {
    method: "POST",
    headers: {
      ...target.headers,
      connection: "Upgrade",
      upgrade: spdyUpgrade,
      [protocolHeader]: [...protocols],
      "content-length": "0",
    },
    ...target.tls,
    ...(dialled === undefined ? { agent: false } : { createConnection: () => dialled }),
    ...(signal === undefined ? {} : { signal }),
  };
  const secure = url.protocol === "https:" && dialled === undefined;
  return await new Promise((resolve, reject) => {
    const sent: ClientRequest = secure ? httpsRequest(url, options) : httpRequest(new URL(url.href.replace(/^https:/, "http:")), options);
    sent.once("error", reject);
    sent.once("upgrade", (response: IncomingMessage, socket: Duplex, head: Buffer) => {
      const chosen = response.headers[protocolHeader];
      resolve({ socket, head, protocol: Array.isArray(chosen) ? (chosen[0] ?? "") : (chosen ?? "") });
    });
    sent.once("response", (response) => {
      const parts: Buffer[] = [];
      response.on("data", (part: Buffer) => parts.push(part));
      response.once("end", () => reject(refusal(response.statusCode ?? 0, Buffer.concat(parts).toString("utf8"))));
    });
    sent.end();
  });
}

/** An answer that is no upgrade, as the error it says: a Status where it is one. */
export function refusal(status: number, body: string): ApiError {
  try {
    const parsed = JSON.parse(body) as { kind?: string; code?: number; reason?: string; message?: string };
    if (parsed.kind === "Status") return ApiError.fromStatus(parsed);
  } catch {
    // Plain text, as kubelets answer: below.
  }
  return new ApiError(status, "", body.trim() === "" ? `unable to upgrade connection: status ${status}` : body.trim());
}

/** Whether a client that tried a WebSocket first should try SPDY: the server knows no WebSocket here. */
export function shouldFallBack(error: unknown): boolean {
  return error instanceof HandshakeRefused && !isStatus(error.body);
}

/** A refused WebSocket handshake as an ApiError; other errors as they are. */
export function asApiError(error: unknown): unknown {
  if (isApiError(error) || !(error instanceof HandshakeRefused)) return error;
  return refusal(error.status, error.body);
}

function isStatus(body: string): boolean {
  const error = refusal(0, body);
  return error.code === 401 || error.code === 404;
}
