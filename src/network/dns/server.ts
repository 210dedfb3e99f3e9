/**
 * Cluster DNS on a node, over UDP and TCP, bound to the service address of DNS, which lives on the node's loopback: a
 * look-up never leaves the node and is never translated. Names outside the cluster go to the machine's own resolvers.
 */
import { createSocket, type RemoteInfo, type Socket as UdpSocket } from "node:dgram";
import { createServer, type Server, type Socket } from "node:net";
import * as packet from "dns-packet";
import type { Logger } from "../../core/log.ts";
import type { MetricsRegistry } from "../../core/metrics.ts";
import { Forwarder } from "./forward.ts";
import { lookUp, ttl, type RecordType, type ZoneRecord, type ZoneSource } from "./zone.ts";

export interface DnsServerOptions {
  readonly source: ZoneSource;
  /** `cluster.local` */
  readonly zone: string;
  /** Addresses to answer on, port 53. */
  readonly addresses: readonly string[];
  /** Resolvers for everything else, `ADDRESS` or `ADDRESS:PORT`. */
  readonly upstreams: readonly string[];
  readonly log: Logger;
  readonly metrics: MetricsRegistry;
  readonly port?: number;
}

const refused = 5;
const nameError = 3;
const serverFailure = 2;
/** RFC 6891: what we say we take over UDP. */
const udpSize = 1232;

export class DnsServer {
  readonly #options: DnsServerOptions;
  readonly #forwarder: Forwarder;
  readonly #udp: UdpSocket[] = [];
  readonly #tcp: Server[] = [];

  constructor(options: DnsServerOptions) {
    this.#options = options;
    this.#forwarder = new Forwarder(options.upstreams);
  }

  async start(): Promise<void> {
    const port = this.#options.port ?? 53;
    for (const address of this.#options.addresses) {
      const udp = createSocket("udp4");
      udp.on("message", (message, from) => void this.#onDatagram(udp, message, from));
      await new Promise<void>((resolve, reject) => {
        udp.once("error", reject);
        udp.bind(port, address, resolve);
      });
      udp.on("error", (error) => this.#options.log.warn("DNS socket", { error }));
      this.#udp.push(udp);
      const tcp = createServer((socket) => this.#onConnection(socket));
      await new Promise<void>((resolve, reject) => {
        tcp.once("error", reject);
        tcp.listen(port, address, resolve);
      });
      this.#tcp.push(tcp);
    }
  }

  async stop(): Promise<void> {
    for (const s of this.#udp) s.close();
    await Promise.all(this.#tcp.map((s) => new Promise<void>((resolve) => s.close(() => resolve()))));
    this.#forwarder.stop();
  }

  async #onDatagram(socket: UdpSocket, message: Buffer, from: RemoteInfo): Promise<void> {
    const answer = await this.#answer(message, true);
    if (answer !== undefined) socket.send(answer, from.port, from.address);
  }

  #onConnection(socket: Socket): void {
    let buffered = Buffer.alloc(0);
    socket.setTimeout(10_000, () => socket.destroy());
    socket.on("error", () => socket.destroy());
    socket.on("data", (d: Buffer) => {
      buffered = Buffer.concat([buffered, d]);
      while (buffered.length >= 2 && buffered.length >= 2 + buffered.readUInt16BE(0)) {
        const message = buffered.subarray(2, 2 + buffered.readUInt16BE(0));
        buffered = buffered.subarray(2 + message.length);
        void this.#answer(message, false).then((answer) => {
          if (answer === undefined) return;
          const head = Buffer.alloc(2);
          head.writeUInt16BE(answer.length);
          socket.write(Buffer.concat([head, answer]));
        });
      }
    });
  }

  /** Undefined for what is not a query at all. */
  async #answer(message: Buffer, udp: boolean): Promise<Buffer | undefined> {
    let query: packet.DecodedPacket;
    try {
      query = packet.decode(message);
    } catch {
      return undefined; // noise: an answer would go to a forged address
    }
    const question = query.questions?.[0];
    if (query.type !== "query" || question === undefined) return undefined;
    const name = question.name.toLowerCase().replace(/\.$/, "");
    this.#options.metrics
      .counter("coredns_dns_requests_total", "Counter of DNS requests made per zone, protocol and family.", ["proto", "type"])
      .inc({ proto: udp ? "udp" : "tcp", type: question.type });
    const local = lookUp(this.#options.source, this.#options.zone, name, question.type as RecordType);
    if (local === undefined) return this.#forward(message, query, udp);
    const answers: packet.Answer[] = local.records.map(toAnswer);
    let code = local.exists ? 0 : nameError;
    if (local.follow !== undefined) {
      const followed = await this.#follow(local.follow, question.type);
      answers.push(...followed.answers);
      code = followed.code;
    }
    const authorities: packet.Answer[] = answers.length > 0 ? [] : [soa(this.#options.zone)];
    return this.#encode(query, { answers, additionals: local.additional.map(toAnswer), authorities, code, authoritative: true }, udp);
  }

  async #follow(target: string, type: packet.RecordType): Promise<{ answers: packet.Answer[]; code: number }> {
    const inside = lookUp(this.#options.source, this.#options.zone, target, type as RecordType);
    if (inside !== undefined) return { answers: inside.records.map(toAnswer), code: inside.exists ? 0 : nameError };
    try {
      const raw = await this.#forwarder.ask(
        packet.encode({ type: "query", id: 0, flags: packet.RECURSION_DESIRED, questions: [{ type, name: target, class: "IN" }] }),
        true,
      );
      const decoded = packet.decode(raw);
      return { answers: decoded.answers ?? [], code: 0 };
    } catch (error) {
      this.#options.log.debug("an ExternalName could not be looked up", { target, error });
      return { answers: [], code: 0 };
    }
  }

  async #forward(message: Buffer, query: packet.DecodedPacket, udp: boolean): Promise<Buffer> {
    try {
      return await this.#forwarder.ask(message, udp);
    } catch (error) {
      this.#options.log.debug("no resolver answered", { name: query.questions?.[0]?.name, error });
      return this.#encode(
        query,
        { answers: [], additionals: [], authorities: [], code: this.#forwarder.available ? serverFailure : refused, authoritative: false },
        udp,
      );
    }
  }

  #encode(
    query: packet.DecodedPacket,
    a: { answers: packet.Answer[]; additionals: packet.Answer[]; authorities: packet.Answer[]; code: number; authoritative: boolean },
    udp: boolean,
  ): Buffer {
    const opt = query.additionals?.find((r): r is packet.OptAnswer => r.type === "OPT");
    const flags =
      (a.authoritative ? packet.AUTHORITATIVE_ANSWER : 0) |
      packet.RECURSION_AVAILABLE |
      ((query.flags ?? 0) & packet.RECURSION_DESIRED) |
      a.code;
    const base = { type: "response" as const, id: query.id ?? 0, questions: query.questions ?? [] };
    const edns: packet.Answer[] =
      opt === undefined
        ? []
        : [{ type: "OPT", name: ".", udpPayloadSize: udpSize, extendedRcode: 0, ednsVersion: 0, flags: 0, flag_do: false, options: [] }];
    const bytes = packet.encode({
      ...base,
      flags,
      answers: a.answers,
      authorities: a.authorities,
      additionals: [...a.additionals, ...edns],
    });
    const limit = udp ? Math.max(512, Math.min(opt?.udpPayloadSize ?? 512, udpSize)) : 65535;
    if (bytes.length <= limit) return bytes;
    const bare = packet.encode({ ...base, flags, answers: a.answers, additionals: edns });
    if (bare.length <= limit) return bare;
    return packet.encode({ ...base, flags: flags | packet.TRUNCATED_RESPONSE, additionals: edns });
  }
}

function toAnswer(r: ZoneRecord): packet.Answer {
  return { ...r, class: "IN" } as packet.Answer;
}

/** Says how long "no such name" may be remembered: RFC 2308. */
function soa(zone: string): packet.Answer {
  return {
    type: "SOA",
    name: zone,
    ttl,
    class: "IN",
    data: { mname: `ns.dns.${zone}`, rname: `hostmaster.${zone}`, serial: 1, refresh: 7200, retry: 1800, expire: 86400, minimum: ttl },
  };
}
