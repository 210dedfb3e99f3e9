/**
 * Remote command (exec, attach) and port-forward as both ends see them, whatever carries them: SPDY/3.1, WebSocket
 * channels (v5, v4, base64, KEP-4006) or SPDY tunnelled through a WebSocket. Wire names come from
 * `k8s.io/apimachinery/pkg/util/remotecommand` and `…/portforward`.
 *
 * Server end: `acceptRemoteCommand` and `acceptPortForward` (`remote-command-server.ts`, `port-forward-server.ts`). Client
 * end: `openRemoteCommand`, `openPortForward`; for pods of a cluster `pod-streams.ts`.
 */
import type { Duplex, Readable, Writable } from "node:stream";
import type { Clock } from "../../core/clock.ts";
import type { StatusDetails } from "../../core/api-error.ts";

/** An HTTP/1.1 request that asks for an upgrade, as the front hands it over. */
export interface UpgradeRequest {
  readonly method: string;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** Container-level options are read from here unless {@link AcceptOptions.streams} gives them. */
  readonly query: URLSearchParams;
  readonly socket: Duplex;
  readonly head: Buffer;
}

/** Which streams a remote command has. With `tty`, stderr is part of stdout. */
export interface StreamSelection {
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  readonly tty: boolean;
}

/** In characters. */
export interface TerminalSize {
  readonly width: number;
  readonly height: number;
}

/** How a remote command ended: the metav1.Status that goes over the error stream. */
export interface CommandStatus {
  readonly metadata: Record<string, unknown>;
  readonly status: "Success" | "Failure";
  readonly message?: string | undefined;
  readonly reason?: string | undefined;
  readonly details?: StatusDetails | undefined;
  readonly code?: number | undefined;
}

/** The server end of exec or attach. */
export interface RemoteCommandSession {
  /** `v5.channel.k8s.io`, `v4.channel.k8s.io`, …; the empty string and `channel.k8s.io` are version 1. */
  readonly protocol: string;
  readonly streams: StreamSelection;
  /** Ends when the client closes its half (v5, SPDY) or goes away. Present when selected. */
  readonly stdin: Readable | undefined;
  readonly stdout: Writable | undefined;
  readonly stderr: Writable | undefined;
  /** Called with every size the client sends; at once with the latest one, if there was one. */
  onResize(handler: (size: TerminalSize) => void): void;
  /** Sends the status, lets everything that was written go out, and closes. Later calls do nothing. */
  finish(status: CommandStatus): Promise<void>;
  /** Aborted when the connection is gone, also after {@link finish}. */
  readonly signal: AbortSignal;
}

/** The server end of port-forward: any number of connections over one session. */
export interface PortForwardSession {
  readonly protocol: string;
  /** Connections that came before the handler was set are delivered at once. */
  onConnection(handler: (connection: ForwardedConnection) => void): void;
  close(): void;
  readonly signal: AbortSignal;
}

export interface ForwardedConnection {
  /** 1–65535, in the pod. */
  readonly port: number;
  /** Half-open allowed: pipe it both ways with a socket. Destroying it resets the stream. */
  readonly data: Duplex;
  /** Reports `message` on the error stream and resets the connection. */
  fail(message: string): void;
}

export interface AcceptOptions {
  readonly clock?: Clock | undefined;
  readonly streams?: StreamSelection | undefined;
  /** How long the client may take to open its SPDY streams. Default 30,000 (the kubelet's). */
  readonly creationTimeoutMs?: number | undefined;
  /** A connection without any traffic is closed after that. Default 4 hours (the kubelet's). */
  readonly idleTimeoutMs?: number | undefined;
}

/** The client end of exec or attach. */
export interface RemoteCommandClient {
  readonly protocol: string;
  readonly stdin: Writable | undefined;
  readonly stdout: Readable | undefined;
  readonly stderr: Readable | undefined;
  resize(size: TerminalSize): void;
  /** How the command ended. Rejects when the connection broke before a status came. */
  readonly status: Promise<CommandStatus>;
  close(): void;
}

/** The client end of port-forward. */
export interface PortForwardClient {
  readonly protocol: string;
  /** Opens one connection to `port` of the pod. The duplex fails with the other end's message. */
  connect(port: number): Duplex;
  close(): void;
  readonly closed: Promise<void>;
}

/** Where a client end connects. */
export interface UpgradeTarget {
  /** `http:` or `https:`, with path and query. */
  readonly url: URL;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly tls?:
    | {
        readonly ca?: string | Buffer | undefined;
        readonly cert?: string | Buffer | undefined;
        readonly key?: string | Buffer | undefined;
        readonly servername?: string | undefined;
        readonly rejectUnauthorized?: boolean | undefined;
      }
    | undefined;
  /** Dials instead of TCP: a unix socket, a pair in the same process. TLS is then the dialer's own business. */
  readonly dial?: (() => Promise<Duplex>) | undefined;
}

/** `websocket-then-spdy` is what kubectl does since 1.31. */
export type StreamTransport = "websocket" | "spdy" | "websocket-then-spdy";

/** The status of a command that left with `exitCode`; 0 is success. */
export function exitStatus(exitCode: number): CommandStatus {
  if (exitCode === 0) return { metadata: {}, status: "Success" };
  return {
    metadata: {},
    status: "Failure",
    message: `command terminated with non-zero exit code: command terminated with exit code ${exitCode}`,
    reason: "NonZeroExitCode",
    details: { causes: [{ reason: "ExitCode", message: String(exitCode) }] },
  };
}

/** The status of a command that could not be run or broke. */
export function failureStatus(message: string): CommandStatus {
  return { metadata: {}, status: "Failure", message, reason: "InternalError", details: { causes: [{ message }] }, code: 500 };
}

/** The exit code a status tells, 0 for success, undefined when it tells none. */
export function exitCodeOf(status: CommandStatus): number | undefined {
  if (status.status === "Success") return 0;
  const cause = status.details?.causes?.find((c) => c.reason === "ExitCode");
  return cause?.message === undefined ? undefined : Number(cause.message);
}

export type StreamKind = "exec" | "attach" | "portforward";

/** The selection a request's query makes: `input`, `output`, `error`, `tty` (kubelet) or `stdin`, `stdout`, `stderr`. */
export function streamSelection(query: URLSearchParams): StreamSelection {
  const on = (...names: string[]): boolean => names.some((n) => ["1", "true"].includes(query.get(n) ?? ""));
  const tty = on("tty");
  return { stdin: on("input", "stdin"), stdout: on("output", "stdout"), stderr: on("error", "stderr") && !tty, tty };
}
