/**
 * The links of a node's pods. Each pod has a veth pair and a /32 address; the pod routes everything to 169.254.1.1, which
 * is a permanent neighbour with the host end's fixed hardware address, so that no address of the node is needed in the
 * pod and every packet is routed, never bridged: service translation sees it without bridge filters.
 */
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { attempt, CommandError, run } from "../../host/commands.ts";
import { hostPortsOf, type HostPort } from "../host-port.ts";
import { AddressPool, type Lease } from "./ipam.ts";
import { CniError, cniCode, type CniCall, type CniResult } from "./protocol.ts";

const gateway = "169.254.1.1";
const hostMac = "ee:ee:ee:ee:ee:ee";

export interface AttachmentsOptions {
  readonly pool: AddressPool;
  readonly mtu: number;
  /** Opens and closes node ports that lead to a pod. */
  readonly setHostPorts: (add: readonly HostPort[], remove: readonly HostPort[]) => Promise<void>;
}

export class Attachments {
  readonly #options: AttachmentsOptions;
  /** Calls for one container run one after another. */
  readonly #busy = new Map<string, Promise<unknown>>();

  constructor(options: AttachmentsOptions) {
    this.#options = options;
  }

  /** Opens the ports of pods that are attached already. */
  async restore(): Promise<void> {
    await this.#setPorts(this.#options.pool.list(), []);
  }

  /** Answers a call: the result of ADD, nothing for the others. */
  async handle(call: CniCall): Promise<CniResult | undefined> {
    switch (call.verb) {
      case "ADD":
        return this.#serial(call.containerId, () => this.#add(call));
      case "DEL":
        await this.#serial(call.containerId, () => this.#delete(call.containerId, call.ifname, call.netns));
        return undefined;
      case "CHECK":
        await this.#check(call);
        return undefined;
      case "GC":
        await this.#collect(call);
        return undefined;
      default:
        return undefined;
    }
  }

  async #serial<T>(containerId: string, work: () => Promise<T>): Promise<T> {
    const before = this.#busy.get(containerId) ?? Promise.resolve();
    const mine = before.then(work, work);
    this.#busy.set(containerId, mine);
    try {
      return await mine;
    } finally {
      if (this.#busy.get(containerId) === mine) this.#busy.delete(containerId);
    }
  }

  async #add(call: CniCall): Promise<CniResult> {
    if (!existsSync(call.netns)) throw new CniError(cniCode.unknownContainer, `the network namespace ${call.netns} does not exist`);
    const { pool, mtu } = this.#options;
    const known = pool.find(call.containerId, call.ifname);
    if (known !== undefined) await this.#delete(call.containerId, call.ifname, call.netns);
    const lease = pool.take(call.containerId, call.ifname, call.config.runtimeConfig?.portMappings);
    if (lease === undefined) throw new CniError(cniCode.tryAgain, "no address is free in the node's pod range");
    const host = hostLink(call.containerId, call.ifname);
    try {
      await this.#link(call, lease, host, mtu);
      await this.#setPorts([lease], []);
    } catch (error) {
      await attempt("ip", ["link", "del", host]);
      pool.release(lease);
      if (error instanceof CommandError) throw new CniError(cniCode.io, "the pod's link could not be made", error.message);
      throw error;
    }
    return {
      cniVersion: call.config.cniVersion,
      interfaces: [
        { name: host, mac: hostMac },
        { name: call.ifname, sandbox: call.netns },
      ],
      ips: [{ address: `${lease.address}/32`, gateway, interface: 1 }],
      routes: [{ dst: "0.0.0.0/0", gw: gateway }],
      dns: {},
    };
  }

  async #link(call: CniCall, lease: Lease, host: string, mtu: number): Promise<void> {
    const named = /^(?:\/var)?\/run\/netns\/([^/]+)$/.exec(call.netns)?.[1];
    const enter = named === undefined ? ["nsenter", `--net=${call.netns}`, "ip"] : ["ip", "-n", named];
    // A namespace that has no name can be joined only by a path that this process sees.
    const target = named ?? call.netns;
    // Left by a call that was cut short. A process costs milliseconds of every pod's start: only where there is something to do.
    if (linkExists(host)) await attempt("ip", ["link", "del", host]);
    await run(
      "ip",
      ["-batch", "-"],
      `link add ${host} address ${hostMac} mtu ${mtu} type veth peer name ${call.ifname} mtu ${mtu} netns ${target}\nlink set ${host} up\nroute replace ${lease.address}/32 dev ${host} scope link\n`,
    );
    await run(
      enter[0] as string,
      [...enter.slice(1), "-batch", "-"],
      [
        "link set lo up",
        `addr add ${lease.address}/32 dev ${call.ifname}`,
        `link set ${call.ifname} up`,
        `neigh add ${gateway} lladdr ${hostMac} dev ${call.ifname} nud permanent`,
        `route add ${gateway}/32 dev ${call.ifname} scope link`,
        `route add default via ${gateway} dev ${call.ifname}`,
        "",
      ].join("\n"),
    );
  }

  async #setPorts(open: readonly Lease[], close: readonly Lease[]): Promise<void> {
    const ports = (leases: readonly Lease[]): HostPort[] => leases.flatMap((l) => hostPortsOf(l.address, l.ports));
    const [add, remove] = [ports(open), ports(close)];
    if (add.length + remove.length > 0) await this.#options.setHostPorts(add, remove);
  }

  /** Never fails for what is gone already. */
  async #delete(containerId: string, ifname: string, netns: string): Promise<void> {
    const lease = this.#options.pool.find(containerId, ifname);
    if (lease !== undefined) await this.#setPorts([], [lease]);
    // The peer goes with its end; where the namespace went first, both are gone.
    if (netns === "" || linkExists(hostLink(containerId, ifname))) await attempt("ip", ["link", "del", hostLink(containerId, ifname)]);
    if (lease !== undefined) this.#options.pool.release(lease);
  }

  async #check(call: CniCall): Promise<void> {
    const lease = this.#options.pool.find(call.containerId, call.ifname);
    if (lease === undefined) throw new CniError(cniCode.unknownContainer, `${call.containerId} has no address on ${call.ifname}`);
    const expected = call.config.prevResult?.ips?.[0]?.address;
    if (expected !== undefined && expected.split("/")[0] !== lease.address)
      throw new CniError(cniCode.failed, `the address of ${call.ifname} is ${lease.address}, expected ${expected}`);
    if (!linkExists(hostLink(call.containerId, call.ifname)))
      throw new CniError(cniCode.failed, `the link ${hostLink(call.containerId, call.ifname)} is missing on the node`);
    const addresses = JSON.parse(await run("nsenter", [`--net=${call.netns}`, "ip", "-json", "addr", "show", "dev", call.ifname])) as {
      addr_info?: { local: string }[];
    }[];
    if (!addresses.some((l) => l.addr_info?.some((a) => a.local === lease.address)))
      throw new CniError(cniCode.failed, `${call.ifname} has lost its address ${lease.address}`);
    const routes = JSON.parse(await run("nsenter", [`--net=${call.netns}`, "ip", "-json", "route", "show", "default"])) as unknown[];
    if (routes.length === 0) throw new CniError(cniCode.failed, "the pod's default route is missing");
  }

  async #collect(call: CniCall): Promise<void> {
    const valid = new Set((call.config["cni.dev/valid-attachments"] ?? []).map((a) => `${a.containerID}/${a.ifname}`));
    for (const lease of this.#options.pool.list()) {
      if (!valid.has(`${lease.containerId}/${lease.ifname}`))
        await this.#serial(lease.containerId, () => this.#delete(lease.containerId, lease.ifname, ""));
    }
  }
}

/** The host end's name: 15 characters at most, drawn from container and interface. */
export function hostLink(containerId: string, ifname: string): string {
  return `veth${createHash("sha256").update(`${containerId}/${ifname}`).digest("hex").slice(0, 8)}`;
}

/**
 * Whether this process's network namespace has the link. /sys/class/net would answer for the namespace in which /sys was
 * mounted, which is another one where nodes share a machine.
 */
function linkExists(name: string): boolean {
  return existsSync(`/proc/sys/net/ipv4/conf/${name}`);
}
