/** Hands queries to the machine's own resolvers, in order, each given two seconds. Answers come back as they are. */
import { createSocket } from "node:dgram";
import { connect } from "node:net";
import { randomInt } from "node:crypto";

const patience = 2000;

export class Forwarder {
  readonly #upstreams: { address: string; port: number }[];
  readonly #open = new Set<() => void>();

  constructor(upstreams: readonly string[]) {
    this.#upstreams = upstreams.map((u) => {
      const [address, port] = u.split(":") as [string, string | undefined];
      return { address, port: Number(port ?? 53) };
    });
  }

  get available(): boolean {
    return this.#upstreams.length > 0;
  }

  stop(): void {
    for (const close of this.#open) close();
  }

  /** @throws when no resolver answers in time */
  async ask(message: Buffer, udp: boolean): Promise<Buffer> {
    let last: Error = new Error("no resolver is configured on this machine");
    for (const upstream of this.#upstreams) {
      try {
        return await (udp ? this.#overUdp(upstream, message) : this.#overTcp(upstream, message));
      } catch (error) {
        last = error as Error;
      }
    }
    throw last;
  }

  /** Under an id and a port of our own, so that an answer cannot be guessed; the asker gets its id back. */
  #overUdp(to: { address: string; port: number }, message: Buffer): Promise<Buffer> {
    const id = randomInt(0x10000);
    const query = Buffer.from(message);
    query.writeUInt16BE(id, 0);
    return new Promise((resolve, reject) => {
      const socket = createSocket("udp4");
      const done = (error?: Error): void => {
        clearTimeout(timer);
        this.#open.delete(done);
        socket.close();
        if (error !== undefined) reject(error);
      };
      const timer = setTimeout(() => done(new Error(`${to.address} does not answer`)), patience);
      this.#open.add(done);
      socket.on("error", done);
      socket.on("message", (answer, from) => {
        if (answer.length < 12 || answer.readUInt16BE(0) !== id || from.address !== to.address) return;
        answer.writeUInt16BE(message.readUInt16BE(0), 0);
        done();
        resolve(answer);
      });
      socket.send(query, to.port, to.address, (error) => {
        if (error !== null) done(error);
      });
    });
  }

  #overTcp(to: { address: string; port: number }, message: Buffer): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      const socket = connect(to.port, to.address);
      const fail = (): void => void socket.destroy(new Error(`${to.address} does not answer`));
      this.#open.add(fail);
      let buffered = Buffer.alloc(0);
      socket.setTimeout(patience, fail);
      socket.on("error", reject);
      socket.on("close", () => {
        this.#open.delete(fail);
        reject(new Error(`${to.address} closed the connection`));
      });
      socket.on("data", (d: Buffer) => {
        buffered = Buffer.concat([buffered, d]);
        if (buffered.length < 2 || buffered.length < 2 + buffered.readUInt16BE(0)) return;
        resolve(buffered.subarray(2, 2 + buffered.readUInt16BE(0)));
        socket.destroy();
      });
      const head = Buffer.alloc(2);
      head.writeUInt16BE(message.length);
      socket.write(Buffer.concat([head, message]));
    });
  }
}
