/**
 * Calls to one etcd cluster over whichever of its members answers. A member that cannot be reached is left for the next
 * one; what may have been done already is never asked twice.
 */
import { isIP } from "node:net";
import type { Clock, Timer } from "../../core/clock.ts";
import {
  type DuplexObserver,
  grpcCode,
  type GrpcConnection,
  grpcConnection,
  type GrpcDuplex,
  GrpcError,
  type GrpcTls,
} from "../../host/grpc.ts";
import { StoreError } from "../store.ts";
import { etcdError, mayRetry } from "./etcd-errors.ts";

export interface EtcdEndpoints {
  /** `http://127.0.0.1:2379`, `https://etcd-0.example:2379`; at least one. All with the same scheme. */
  readonly endpoints: readonly string[];
  /** For https: the cluster's certificate authority and the certificate to show. */
  readonly tls?: GrpcTls | undefined;
}

export interface EtcdCallOptions {
  /** Asking twice does no harm: reads. */
  readonly repeatable: boolean;
  /** Milliseconds after which the caller is told that it has failed. */
  readonly timeout?: number | undefined;
}

/** Upstream's limit for a request that is no watch. */
const defaultTimeout = 34_000;
/** The same when the server stops: an etcd that is gone is not to hold it up. */
const leavingTimeout = 3000;

/** `http://host:port` as gRPC writes it. Throws StoreError for what is no address of etcd. */
export function grpcTarget(endpoint: string): { readonly target: string; readonly secure: boolean } {
  const at = /^(https?):\/\/([^/?#]+)\/?$/.exec(endpoint);
  if (at === null) throw new StoreError("remote", `${JSON.stringify(endpoint)} is no address of etcd; write it like http://127.0.0.1:2379`);
  const host = at[2] as string;
  const withPort = /:\d+$/.test(host) ? host : `${host}:2379`;
  const bare = withPort.replace(/:\d+$/, "").replace(/^\[|\]$/g, "");
  const scheme = isIP(bare) === 4 ? "ipv4:" : isIP(bare) === 6 ? "ipv6:" : "dns:";
  return { target: scheme + withPort, secure: at[1] === "https" };
}

/** Unavailable, or silent. */
function isGone(error: unknown): boolean {
  return error instanceof GrpcError && (error.code === grpcCode.unavailable || error.code === grpcCode.deadlineExceeded);
}

export class EtcdConnection {
  readonly endpoints: readonly string[];
  readonly #members: readonly GrpcConnection[];
  readonly #clock: Clock;
  #current = 0;
  #closed = false;
  #leaving = false;
  /** Ends calls that are still under way a while after {@link hurry}. */
  readonly #cut = new AbortController();
  #cutTimer: Timer | undefined;

  private constructor(endpoints: readonly string[], members: readonly GrpcConnection[], clock: Clock) {
    this.endpoints = endpoints;
    this.#members = members;
    this.#clock = clock;
  }

  /** Opens connections lazily: nothing is asked yet. */
  static async open(options: EtcdEndpoints, clock: Clock): Promise<EtcdConnection> {
    const descriptor = (await import("../../../facts/grpc/etcd-v3.json", { with: { type: "json" } })).default;
    const members = await Promise.all(
      options.endpoints.map((endpoint) => {
        const { target, secure } = grpcTarget(endpoint);
        const host = target
          .slice(target.indexOf(":") + 1)
          .replace(/:\d+$/, "")
          .replace(/^\[|\]$/g, "");
        const tls = secure ? { ...options.tls, ...(isIP(host) === 0 ? {} : { address: host }) } : undefined;
        return grpcConnection(target, descriptor, { tls, keepalive: 30_000, maxMessage: 1 << 30 });
      }),
    );
    return new EtcdConnection(options.endpoints, members, clock);
  }

  /** Asks `method` of `etcdserverpb.service`. Throws StoreError. */
  async call<Response>(service: string, method: string, request: object, options: EtcdCallOptions): Promise<Response> {
    const timeout = Math.min(options.timeout ?? defaultTimeout, this.#leaving ? leavingTimeout : Number.POSITIVE_INFINITY);
    const deadline = this.#clock.monotonic() + timeout;
    for (let attempt = 1; ; attempt++) {
      const member = this.#current;
      const left = Math.max(1, deadline - this.#clock.monotonic());
      try {
        return await this.#service(member, service).call<Response>(method, request, { timeout: left, signal: this.#cut.signal });
      } catch (error) {
        if (this.#cut.signal.aborted) throw new StoreError("remote", "context deadline exceeded", { cause: error });
        if (this.#closed) throw new StoreError("closed", "the store is closed", { cause: error });
        if (!mayRetry(error, options.repeatable) || left < 100) throw etcdError(error);
        this.leave(member);
        // Every member once without waiting, then a little slower each round.
        if (attempt >= this.#members.length) await this.#pause(Math.min(50 * attempt, 500));
      }
    }
  }

  /** Asks one member by its place in {@link endpoints}. Throws StoreError. */
  async callMember<Response>(member: number, service: string, method: string, request: object, timeout = 5000): Promise<Response> {
    try {
      return await this.#service(member, service).call<Response>(method, request, { timeout });
    } catch (error) {
      throw etcdError(error);
    }
  }

  async *stream<Response>(service: string, method: string, request: object): AsyncIterable<Response> {
    try {
      yield* this.#service(this.#current, service).stream<Response>(method, request);
    } catch (error) {
      throw etcdError(error);
    }
  }

  /** A watch stream to the member in use. It ends when that member has lost the others. */
  duplex<Response>(service: string, method: string, observer: DuplexObserver<Response>): { stream: GrpcDuplex; member: number } {
    const member = this.#current;
    return { stream: this.#service(member, service).duplex(method, observer, { hasleader: "true" }), member };
  }

  /** Turns to the next member, unless someone has already. */
  leave(member: number): void {
    if (this.#current === member) this.#current = (member + 1) % this.#members.length;
  }

  /** The server stops: what etcd does not answer within a moment fails. */
  hurry(): void {
    if (this.#leaving) return;
    this.#leaving = true;
    const cut = (): void => this.#cut.abort(new StoreError("remote", "context deadline exceeded"));
    // Later calls have the short limit of their own, as long as etcd answers at all.
    this.#cutTimer = this.#clock.setTimeout(() => void this.#probe().catch((error: unknown) => isGone(error) && cut()), leavingTimeout);
  }

  #probe(): Promise<unknown> {
    const request = { key: Buffer.from("health"), countOnly: true };
    return this.#service(this.#current, "KV").call("Range", request, { timeout: leavingTimeout });
  }

  #service(member: number, service: string): ReturnType<GrpcConnection["service"]> {
    if (this.#closed) throw new StoreError("closed", "the store is closed");
    return (this.#members[member] as GrpcConnection).service(`etcdserverpb.${service}`);
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => this.#clock.setTimeout(resolve, ms));
  }

  close(): void {
    this.#closed = true;
    this.#cutTimer?.cancel();
    for (const member of this.#members) member.close();
  }
}
