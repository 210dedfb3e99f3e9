/**
 * gRPC over unix sockets and TCP, from protobuf.js JSON descriptors. The library is loaded on first use: it costs 60 ms and 15 MB.
 *
 * Messages are plain objects with camelCase fields; int64 are numbers (nanosecond times lose their last digits), enums are
 * names, absent scalars are their zero values.
 */
import { checkServerIdentity, type PeerCertificate } from "node:tls";
import type { ChannelCredentials, Client, ClientDuplexStream, ClientReadableStream, ServiceError } from "@grpc/grpc-js";

export interface CallOptions {
  /** Milliseconds until the call fails with DEADLINE_EXCEEDED; none when absent. */
  timeout?: number | undefined;
  signal?: AbortSignal | undefined;
}

/** One service on one connection. */
export interface GrpcClient {
  call<Response>(method: string, request: object, options?: CallOptions): Promise<Response>;
  /** A server stream. Ends when the server ends it; throws a {@link GrpcError} when it fails, nothing when aborted. */
  stream<Response>(method: string, request: object, signal?: AbortSignal): AsyncIterable<Response>;
  /** A stream in both directions. `headers` are the call's metadata. */
  duplex<Response>(method: string, observer: DuplexObserver<Response>, headers?: Readonly<Record<string, string>>): GrpcDuplex;
  close(): void;
}

export interface DuplexObserver<Response> {
  message(message: Response): void;
  /** The stream is over without having been cancelled; undefined: the server ended it. Nothing follows. */
  end(error: Error | undefined): void;
}

export interface GrpcDuplex {
  send(message: object): void;
  /** Ends the call; the observer hears nothing more. */
  cancel(): void;
}

/** PEM texts. Without `cert` and `key` no certificate is shown; without `ca` the system's are trusted. */
export interface GrpcTls {
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  /** Set when the target is an IP address: the certificate must be for it, and the server is not told a name. */
  readonly address?: string | undefined;
}

export interface GrpcConnectionOptions {
  /** In the clear when absent. */
  readonly tls?: GrpcTls | undefined;
  /** Milliseconds after which a silent connection is asked whether it lives. Never when absent. */
  readonly keepalive?: number | undefined;
  /** Bytes of the largest message in either direction. 64 MiB by default. */
  readonly maxMessage?: number | undefined;
}

/** Several services at one target, over one connection. */
export interface GrpcConnection {
  /** A face of `service` (full name). Its own `close` does nothing: the connection is closed as a whole. */
  service(service: string): GrpcClient;
  close(): void;
}

/** A failed call: the status code by number (5 NOT_FOUND, 12 UNIMPLEMENTED, 14 UNAVAILABLE, …) and the peer's text. */
export class GrpcError extends Error {
  readonly code: number;
  readonly details: string;
  constructor(code: number, details: string) {
    super(`rpc error: code = ${codeNames[code] ?? String(code)} desc = ${details}`);
    this.name = "GrpcError";
    this.code = code;
    this.details = details;
  }
}

/** Codes as grpc-go prints them. */
const codeNames: readonly string[] = [
  "OK",
  "Canceled",
  "Unknown",
  "InvalidArgument",
  "DeadlineExceeded",
  "NotFound",
  "AlreadyExists",
  "PermissionDenied",
  "ResourceExhausted",
  "FailedPrecondition",
  "Aborted",
  "OutOfRange",
  "Unimplemented",
  "Internal",
  "Unavailable",
  "DataLoss",
  "Unauthenticated",
];

export const grpcCode = { notFound: 5, deadlineExceeded: 4, unimplemented: 12, unavailable: 14, canceled: 1, unknown: 2 } as const;

interface MethodDefinition {
  path: string;
  requestSerialize(value: object): Buffer;
  responseDeserialize(bytes: Buffer): unknown;
}

/**
 * Opens `service` (full name, `runtime.v1.RuntimeService`) at `target` (`unix:/path` or `host:port`), in the clear.
 * Connects on the first call.
 */
export async function grpcClient(target: string, descriptor: object, service: string): Promise<GrpcClient> {
  const connection = await grpcConnection(target, descriptor);
  return { ...connection.service(service), close: () => connection.close() };
}

/** Opens a target for several services. Connects on the first call. */
export async function grpcConnection(target: string, descriptor: object, options: GrpcConnectionOptions = {}): Promise<GrpcConnection> {
  const grpc = await import("./grpc-libraries.ts");
  const root = grpc.fromJSON(descriptor as Parameters<typeof grpc.fromJSON>[0], {
    longs: Number,
    enums: String,
    defaults: true,
    oneofs: true,
  });
  const { tls, keepalive, maxMessage = 64 << 20 } = options;
  const pem = (text: string | undefined): Buffer | null => (text === undefined ? null : Buffer.from(text));
  const address = tls?.address;
  const verify =
    address === undefined ? {} : { checkServerIdentity: (_: string, seen: PeerCertificate) => checkServerIdentity(address, seen) };
  const credentials: ChannelCredentials =
    tls === undefined ? grpc.credentials.createInsecure() : grpc.credentials.createSsl(pem(tls.ca), pem(tls.key), pem(tls.cert), verify);
  const client = new grpc.Client(target, credentials, {
    "grpc.max_receive_message_length": maxMessage,
    "grpc.max_send_message_length": maxMessage,
    "grpc.initial_reconnect_backoff_ms": 100,
    "grpc.max_reconnect_backoff_ms": 1000,
    "grpc.enable_http_proxy": 0,
    // An IP address may not be told as a name (RFC 6066): some name is, and the certificate is checked for the address.
    ...(address === undefined ? {} : { "grpc.ssl_target_name_override": "localhost" }),
    ...(keepalive === undefined ? {} : { "grpc.keepalive_time_ms": keepalive, "grpc.keepalive_timeout_ms": 10_000 }),
  });
  return {
    service: (service) => {
      const methods = root[service] as unknown as Record<string, MethodDefinition> | undefined;
      if (methods === undefined) throw new Error(`no service ${service} in the descriptor`);
      return serviceFace(client, methods, () => new grpc.Metadata());
    },
    close: () => client.close(),
  };
}

interface Headers {
  set(name: string, value: string): void;
}

function serviceFace(client: Client, methods: Record<string, MethodDefinition>, headersOf: () => Headers): GrpcClient {
  const definition = (method: string): MethodDefinition => {
    const found = methods[method];
    if (found === undefined) throw new GrpcError(grpcCode.unimplemented, `unknown method ${method}`);
    return found;
  };
  return {
    call: <Response>(method: string, request: object, options: CallOptions = {}) =>
      new Promise<Response>((resolve, reject) => {
        const { path, requestSerialize, responseDeserialize } = definition(method);
        if (options.signal?.aborted) {
          reject(options.signal.reason as Error);
          return;
        }
        const deadline = options.timeout === undefined ? {} : { deadline: Date.now() + options.timeout };
        const call = client.makeUnaryRequest(path, requestSerialize, responseDeserialize, request, deadline, (error, value) => {
          options.signal?.removeEventListener("abort", onAbort);
          if (error !== null) reject(toError(error));
          else resolve(value as Response);
        });
        const onAbort = (): void => call.cancel();
        options.signal?.addEventListener("abort", onAbort, { once: true });
      }),
    stream: <Response>(method: string, request: object, signal?: AbortSignal) =>
      readStream<Response>(() => {
        const { path, requestSerialize, responseDeserialize } = definition(method);
        return client.makeServerStreamRequest(path, requestSerialize, responseDeserialize, request) as ClientReadableStream<Response>;
      }, signal),
    duplex: <Response>(method: string, observer: DuplexObserver<Response>, headers: Readonly<Record<string, string>> = {}) => {
      const { path, requestSerialize, responseDeserialize } = definition(method);
      const metadata = headersOf();
      for (const [name, value] of Object.entries(headers)) metadata.set(name, value);
      const call = client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize, metadata as never);
      return followDuplex(call as ClientDuplexStream<object, Response>, observer);
    },
    close: () => undefined,
  };
}

function followDuplex<Response>(call: ClientDuplexStream<object, Response>, observer: DuplexObserver<Response>): GrpcDuplex {
  let over = false;
  const end = (error: Error | undefined): void => {
    if (over) return;
    over = true;
    observer.end(error);
  };
  call.on("data", (message: Response) => {
    if (!over) observer.message(message);
  });
  call.on("error", (error: ServiceError) => end(toError(error)));
  call.on("end", () => end(undefined));
  return {
    send: (message) => void call.write(message),
    cancel: () => {
      over = true;
      call.cancel();
    },
  };
}

async function* readStream<Response>(open: () => ClientReadableStream<Response>, signal: AbortSignal | undefined): AsyncIterable<Response> {
  if (signal?.aborted) return;
  const call = open();
  const onAbort = (): void => call.cancel();
  signal?.addEventListener("abort", onAbort, { once: true });
  try {
    for await (const message of call) yield message as Response;
  } catch (error) {
    if (!signal?.aborted) throw toError(error as ServiceError);
  } finally {
    signal?.removeEventListener("abort", onAbort);
    call.cancel();
  }
}

function toError(error: ServiceError): Error {
  return typeof error.code === "number" ? new GrpcError(error.code, error.details ?? error.message) : error;
}

export function isGrpcError(error: unknown, ...codes: number[]): error is GrpcError {
  return error instanceof GrpcError && (codes.length === 0 || codes.includes(error.code));
}
