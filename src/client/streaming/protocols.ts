/** Names on the wire (`k8s.io/apimachinery/pkg/util/remotecommand`, `…/portforward`). */
import type { StreamSelection } from "./session.ts";

export const spdyUpgrade = "SPDY/3.1";
export const protocolHeader = "x-stream-protocol-version";
export const acceptedHeader = "x-accepted-stream-protocol-versions";

/** SPDY protocols of exec and attach, best first. */
export const commandSpdyProtocols = ["v4.channel.k8s.io", "v3.channel.k8s.io", "v2.channel.k8s.io", "channel.k8s.io"] as const;

/** WebSocket subprotocols of exec and attach, best first; the empty one is the first version without a name. */
export const commandWebSocketProtocols = [
  "v5.channel.k8s.io",
  "v4.channel.k8s.io",
  "v4.base64.channel.k8s.io",
  "channel.k8s.io",
  "base64.channel.k8s.io",
  "",
] as const;

export const portForwardProtocol = "portforward.k8s.io";
/** SPDY through a WebSocket (KEP-4006). */
export const tunnelPrefix = "SPDY/3.1+";

/** Channel numbers of WebSocket messages. */
export const channel = { stdin: 0, stdout: 1, stderr: 2, error: 3, resize: 4, close: 255 } as const;

/** Major version of a protocol: what it can do. */
export function versionOf(protocol: string): number {
  const match = /^v(\d)\./.exec(protocol);
  return match === null ? 1 : Number(match[1]);
}

/** SPDY streams a client opens for a command: the error stream always. */
export function expectedStreams(streams: StreamSelection, protocol: string): string[] {
  const names = ["error"];
  if (streams.stdin) names.push("stdin");
  if (streams.stdout) names.push("stdout");
  if (streams.stderr) names.push("stderr");
  if (streams.tty && versionOf(protocol) >= 3) names.push("resize");
  return names;
}

/** The first protocol of `offered` that is among `supported`. */
export function negotiate(offered: readonly string[], supported: readonly string[]): string | undefined {
  return offered.find((p) => supported.includes(p));
}
