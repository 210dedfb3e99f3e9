/** The accepting end's answers to an upgrade request, written to the raw connection. */
import { headerText } from "../../host/websocket/accept.ts";
import { acceptedHeader, negotiate, protocolHeader, spdyUpgrade } from "./protocols.ts";
import type { UpgradeRequest } from "./session.ts";

/** The request cannot be upgraded; the answer has gone out. */
export class UpgradeRefused extends Error {
  override readonly name = "UpgradeRefused";
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

const phrases: Readonly<Record<number, string>> = { 400: "Bad Request", 403: "Forbidden", 500: "Internal Server Error" };

/** Answers in plain text and closes the connection. */
export function refuseUpgrade(request: UpgradeRequest, status: number, message: string, headers: readonly string[] = []): UpgradeRefused {
  const body = `${message}\n`;
  const lines = [
    `HTTP/1.1 ${status} ${phrases[status] ?? "Error"}`,
    ...headers,
    "Content-Type: text/plain; charset=utf-8",
    "X-Content-Type-Options: nosniff",
    `Content-Length: ${Buffer.byteLength(body)}`,
    "Connection: close",
    "",
    body,
  ];
  request.socket.end(lines.join("\r\n"));
  return new UpgradeRefused(status, message);
}

/** Negotiates the stream protocol and switches to SPDY. Answers the protocol; throws {@link UpgradeRefused}. */
export function switchToSpdy(request: UpgradeRequest, supported: readonly string[]): string {
  const header = request.headers[protocolHeader];
  if (header === undefined) {
    const count = Object.keys(request.headers).length;
    throw refuseUpgrade(
      request,
      400,
      `unable to upgrade: header X-Stream-Protocol-Version does not exist in request with ${count} headers`,
    );
  }
  const offered = headerText(header)
    .split(",")
    .map((p) => p.trim())
    .filter((p) => p !== "");
  if (offered.length === 0)
    throw refuseUpgrade(
      request,
      400,
      `unable to upgrade: header X-Stream-Protocol-Version contains [${headerText(header)}], but no valid protocols`,
    );
  const protocol = negotiate(offered, supported);
  if (protocol === undefined) {
    const accepted = supported.map((p) => `${acceptedHeader}: ${p}`);
    const why = `unable to negotiate protocol: client supports [${offered.join(" ")}], server accepts [${supported.join(" ")}]`;
    throw refuseUpgrade(request, 403, `unable to upgrade: ${why}`, accepted);
  }
  const upgrade = headerText(request.headers["upgrade"]).toLowerCase();
  const connection = headerText(request.headers["connection"]).toLowerCase();
  if (!connection.includes("upgrade") || !upgrade.includes(spdyUpgrade.toLowerCase()))
    throw refuseUpgrade(request, 400, "unable to upgrade: missing upgrade headers in request");
  const lines = [
    "HTTP/1.1 101 Switching Protocols",
    `X-Stream-Protocol-Version: ${protocol}`,
    "Connection: Upgrade",
    `Upgrade: ${spdyUpgrade}`,
  ];
  request.socket.write(`${lines.join("\r\n")}\r\n\r\n`);
  return protocol;
}
