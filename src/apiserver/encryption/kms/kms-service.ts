/** A KMS plugin over its unix socket (`facts/grpc/kms-v2.json`, KEP 3299). */
import { randomUUID } from "node:crypto";
import type { Clock } from "../../../core/clock.ts";
import { type GrpcClient, grpcClient, GrpcError } from "../../../host/grpc.ts";
import type { EncryptionMetrics } from "../encryption-metrics.ts";
import { TransformError } from "../transformer.ts";
import { type EncryptedSource, sourceType } from "./encrypted-object.ts";

export interface KmsStatus {
  /** `v2` or `v2beta1`. */
  readonly version: string;
  /** `ok` when it is well. */
  readonly healthz: string;
  readonly keyId: string;
}

export interface KmsServiceOptions {
  readonly name: string;
  /** `unix:///run/kms.sock` */
  readonly endpoint: string;
  /** Milliseconds a call may take. */
  readonly timeout: number;
  readonly clock: Clock;
  readonly metrics: EncryptionMetrics;
}

/** gRPC's status codes as metrics tell them. */
const codes = ["OK", "Canceled", "Unknown", "InvalidArgument", "DeadlineExceeded", "NotFound", "AlreadyExists", "PermissionDenied"];
const moreCodes = ["ResourceExhausted", "FailedPrecondition", "Aborted", "OutOfRange", "Unimplemented", "Internal", "Unavailable"];

export class KmsService {
  readonly #options: KmsServiceOptions;
  #client: Promise<GrpcClient> | undefined;

  constructor(options: KmsServiceOptions) {
    this.#options = options;
  }

  status(): Promise<KmsStatus> {
    return this.#call("Status", {});
  }

  /** Encrypts a data key. */
  async encrypt(plaintext: Uint8Array): Promise<EncryptedSource> {
    const { ciphertext, keyId, annotations } = await this.#call<{
      ciphertext: Buffer;
      keyId: string;
      annotations: Record<string, Buffer>;
    }>("Encrypt", { plaintext, uid: randomUUID() });
    return { keyId, source: Uint8Array.from(ciphertext), annotations: new Map(Object.entries(annotations)), type: sourceType.seed };
  }

  async decrypt({ source, keyId, annotations }: EncryptedSource): Promise<Buffer> {
    const request = { ciphertext: source, uid: randomUUID(), keyId, annotations: Object.fromEntries(annotations) };
    return (await this.#call<{ plaintext: Buffer }>("Decrypt", request)).plaintext;
  }

  /** Throws TransformError with gRPC's text. */
  async #call<Response>(method: string, request: object): Promise<Response> {
    const { name, clock, metrics, timeout } = this.#options;
    const began = clock.monotonic();
    try {
      const client = await (this.#client ??= this.#open());
      const response = await client.call<Response>(method, request, { timeout });
      metrics.kmsCalled(name, method, began, "OK");
      return response;
    } catch (error) {
      if (!(error instanceof GrpcError)) throw error;
      metrics.kmsCalled(name, method, began, [...codes, ...moreCodes][error.code] ?? "Unknown");
      throw new TransformError(error.message, { cause: error });
    }
  }

  async #open(): Promise<GrpcClient> {
    const descriptor = (await import("../../../../facts/grpc/kms-v2.json", { with: { type: "json" } })).default;
    return grpcClient(`unix:${this.#options.endpoint.replace(/^unix:(\/\/)?/, "")}`, descriptor, "v2.KeyManagementService");
  }

  close(): void {
    void this.#client?.then((client) => client.close());
  }
}
