/**
 * gRPC over unix sockets, from protobuf.js JSON descriptors. The library is loaded on first use: it costs 60 ms and 15 MB.
 *
 * Messages are plain objects with camelCase fields; int64 are numbers (nanosecond times lose their last digits), enums are
 * names, absent scalars are their zero values.
 */
import type { ChannelCredentials, ClientReadableStream, ServiceError } from "@grpc/grpc-js";

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
  const grpc = await import("./grpc-libraries.ts");
  const root = grpc.fromJSON(descriptor as Parameters<typeof grpc.fromJSON>[0], {
    longs: Number,
    enums: String,
    defaults: true,
    oneofs: true,
  });
  const methods = root[service] as unknown as Record<string, MethodDefinition> | undefined;
  if (methods === undefined) throw new Error(`no service ${service} in the descriptor`);
  const credentials: ChannelCredentials = grpc.credentials.createInsecure();
  const client = new grpc.Client(target, credentials, {
    "grpc.max_receive_message_length": 64 << 20,
    "grpc.max_send_message_length": 64 << 20,
    "grpc.initial_reconnect_backoff_ms": 100,
    "grpc.max_reconnect_backoff_ms": 1000,
    "grpc.enable_http_proxy": 0,
  });
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
    close: () => client.close(),
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
