/** Writes config maps as fast as the API server takes them, and remembers what it was promised. */
import type { HttpClient } from "../../src/client/http-client.ts";
import { hasReason } from "../../src/core/api-error.ts";
import { type ConfigMap, configmaps } from "../../src/schema/types/core-v1.ts";

export class Writer {
  /** The last acknowledged value of every name. */
  readonly acknowledged: Map<string, number> = new Map<string, number>();
  /** The value of a write whose answer never came: it may be there or not. */
  readonly uncertain: Map<string, number> = new Map<string, number>();
  readonly #connect: () => Promise<HttpClient>;
  #stopped = false;
  #running: Promise<void> | undefined;

  constructor(connect: () => Promise<HttpClient>) {
    this.#connect = connect;
  }

  start(): void {
    this.#running = this.#run();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#running;
  }

  async #run(): Promise<void> {
    for (let n = 0; !this.#stopped; ) {
      let client: HttpClient | undefined;
      try {
        client = await this.#connect();
        while (!this.#stopped) {
          await Promise.all(Array.from({ length: 4 }, () => this.#write(client as HttpClient, ++n)));
        }
      } catch (error) {
        // A server that was killed: connect again. What it refuses in words is a fault of the test.
        if (hasReason(error, "Invalid") || hasReason(error, "Forbidden")) throw error;
        await new Promise((r) => setTimeout(r, 20));
      } finally {
        client?.close();
      }
    }
  }

  /** Two thirds create a new one, one third changes one that is there. */
  async #write(client: HttpClient, n: number): Promise<void> {
    const api = client.resource(configmaps, "default");
    const known = n % 3 === 0 ? [...this.acknowledged.keys()][n % Math.max(1, this.acknowledged.size)] : undefined;
    const name = known !== undefined && !this.uncertain.has(known) ? known : `written-${n}`;
    this.uncertain.set(name, n);
    const data = { n: String(n) };
    if (name === known) await api.patch(name, "merge", { data });
    else await api.create({ metadata: { name }, data });
    this.uncertain.delete(name);
    this.acknowledged.set(name, n);
  }

  /** What was promised and is not there, a line each. */
  async lost(): Promise<string[]> {
    const client = await this.#connect();
    try {
      const list = await client.resource(configmaps, "default").list();
      const present = new Map(list.items.map((c: ConfigMap) => [c.metadata?.name ?? "", Number(c.data?.["n"])]));
      return [...this.acknowledged]
        .filter(([name, n]) => present.get(name) !== n && present.get(name) !== this.uncertain.get(name))
        .map(([name, n]) => `${name}: ${n} was acknowledged, ${present.get(name) ?? "nothing"} is there`);
    } finally {
      client.close();
    }
  }
}
