/**
 * Forgets etcd's history every five minutes, as upstream's API servers do and together with them: whoever first counts
 * `compact_rev_key` up compacts to the revision that it saw an interval ago, and the others take note.
 */
import type { EtcdConnection } from "./etcd-connection.ts";
import type { TxnResponse } from "./messages.ts";

const key = Buffer.from("compact_rev_key");

export class Compactor {
  readonly #connection: EtcdConnection;
  /** How often the key has been written, as far as is known. */
  #version = 0;
  /** etcd's revision as it was one interval ago; 0: not known yet. */
  #mark = 0;

  constructor(connection: EtcdConnection) {
    this.#connection = connection;
  }

  /** One turn. Answers the revision up to which history is known to be forgotten; 0: none. Throws StoreError. */
  async turn(): Promise<number> {
    const response = await this.#connection.call<TxnResponse>(
      "KV",
      "Txn",
      {
        compare: [{ key, target: "VERSION", result: "EQUAL", version: this.#version }],
        success: [{ requestPut: { key, value: Buffer.from(String(this.#mark)) } }],
        failure: [{ requestRange: { key } }],
      },
      { repeatable: false },
    );
    const mark = this.#mark;
    this.#mark = response.header.revision;
    if (!response.succeeded) {
      const seen = response.responses[0]?.responseRange?.kvs[0];
      this.#version = seen?.version ?? 0;
      return Number(seen?.value.toString() ?? 0) || 0;
    }
    this.#version++;
    if (mark === 0) return 0;
    await this.#connection.call("KV", "Compact", { revision: mark }, { repeatable: true });
    return mark;
  }

  /** What somebody has forgotten already; 0: nothing. Throws StoreError. */
  async known(): Promise<number> {
    const { kvs } = await this.#connection.call<{ kvs: readonly { value: Buffer }[] }>("KV", "Range", { key }, { repeatable: true });
    return Number(kvs[0]?.value.toString() ?? 0) || 0;
  }
}
