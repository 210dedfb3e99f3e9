/**
 * Where the store's keys lie in etcd, and etcd's way to say ranges. The server's `--etcd-prefix` stands in place of
 * `/registry`, so that several clusters can share one etcd.
 */
import { StoreError } from "../store.ts";

export interface KeyPrefixes {
  /** Beginning of every key of the store: `/registry/`. */
  readonly store: string;
  /** What stands in its place in etcd: `/clusters/a/`. */
  readonly etcd: string;
}

export interface EtcdRange {
  readonly key: Buffer;
  readonly rangeEnd: Buffer;
}

const zero = Buffer.from([0]);

/** The first key after all that begin with `prefix`. */
function endOf(prefix: Buffer): Buffer {
  const end = Buffer.from(prefix);
  for (let i = end.length - 1; i >= 0; i--) {
    const byte = end[i] as number;
    if (byte === 0xff) continue;
    end[i] = byte + 1;
    return end.subarray(0, i + 1);
  }
  return zero;
}

export class KeySpace {
  readonly #prefixes: KeyPrefixes | undefined;
  /** A key that no object has: written to make a watch move where etcd cannot be asked for its progress. */
  readonly tick: string;
  /** Asked for when only the revision matters. */
  readonly health: Buffer;

  /** Without prefixes the store is all of etcd. */
  constructor(prefixes?: KeyPrefixes) {
    this.#prefixes = prefixes;
    const own = prefixes?.etcd ?? "";
    this.tick = `${own}tsukube.io/tick`;
    this.health = Buffer.from(`${own}health`);
  }

  toEtcd(key: string): Buffer {
    if (this.#prefixes === undefined) return Buffer.from(key);
    const { store, etcd } = this.#prefixes;
    if (!key.startsWith(store)) throw new StoreError("remote", `the key ${key} lies outside of ${store}`);
    return Buffer.from(etcd + key.slice(store.length));
  }

  fromEtcd(bytes: Buffer): string {
    const key = bytes.toString();
    if (this.#prefixes === undefined) return key;
    const { store, etcd } = this.#prefixes;
    return store + key.slice(etcd.length);
  }

  /** All keys under a prefix of the store's, from `start` on. */
  range(prefix: string, start?: string): EtcdRange {
    const whole = this.#prefixes !== undefined && this.#prefixes.store.startsWith(prefix);
    const first = whole ? Buffer.from(this.#prefixes.etcd) : this.toEtcd(prefix);
    const rangeEnd = endOf(first);
    if (start !== undefined && start > prefix) return { key: this.toEtcd(start), rangeEnd };
    return { key: first.length === 0 ? zero : first, rangeEnd };
  }
}
