/**
 * Cluster IPs: an IPAddress object each, created before the Service is and deleted after it (KEP-1880). The object's name is
 * the lock: whoever creates it has the address, whichever API server it talks to.
 */
import { hasReason } from "../../core/api-error.ts";
import type { IPAddress, ServiceCIDR } from "../../schema/types/networking-v1.ts";
import { ipaddresses } from "../../schema/types/networking-v1.ts";
import type { ResourceDeps } from "../deps.ts";
import { contains, familyOf, ipNumber, ipRange, ipText, scan, type IpFamily, type IpRange } from "./ip-range.ts";

export class AllocationError extends Error {
  override readonly name = "AllocationError";
  /** No address or port is left: not the client's fault. */
  readonly full: boolean;

  constructor(message: string, full = false) {
    super(message);
    this.full = full;
  }
}

const group = "networking.k8s.io";

export const managedByLabel = "ipaddress.kubernetes.io/managed-by";
export const familyLabel = "ipaddress.kubernetes.io/ip-family";
export const allocatorName = "ipallocator.k8s.io";

/** Whom an address belongs to. */
export interface AddressOwner {
  readonly namespace: string;
  readonly name: string;
}

export class ClusterIpAllocator {
  readonly #deps: ResourceDeps;
  readonly #defaults: readonly IpRange[];
  readonly #random: () => number;

  constructor(deps: ResourceDeps, random: () => number = Math.random) {
    this.#deps = deps;
    this.#random = random;
    this.#defaults = (deps.serviceCidrs ?? ["10.96.0.0/16"]).map((c) => ipRange(c)).filter((r): r is IpRange => r !== undefined);
  }

  /** Families that have a range, the primary one first. */
  get families(): readonly IpFamily[] {
    return [...new Set(this.#defaults.map((r) => r.family))];
  }

  /** Reserves `ip`. Throws {@link AllocationError}. */
  async allocate(ip: string, owner: AddressOwner, dryRun: boolean): Promise<string> {
    const family = familyOf(ip);
    const number = ipNumber(ip);
    if (number === undefined) throw new AllocationError(`failed to parse service IP "${ip}"`);
    if (!(await this.#ranges(family)).some((r) => contains(r, number, family)))
      throw new AllocationError("the provided network does not match the current range");
    const text = ipText(number, family);
    if (!dryRun && !(await this.#create(text, family, owner))) throw new AllocationError("provided IP is already allocated");
    return text;
  }

  /** Reserves any address: from the dynamic band, from the static one when that is full. */
  async allocateNext(family: IpFamily, owner: AddressOwner, dryRun: boolean): Promise<string> {
    for (const range of await this.#ranges(family)) {
      // As upstream: a dry run shows the network's own address, since looking for a free one would tell nothing.
      if (dryRun) return ipText(range.first - 1n, family);
      for (const [from, to] of [
        [range.dynamicFirst, range.last],
        [range.first, range.dynamicFirst - 1n],
      ] as const) {
        for (const number of scan(from, to, this.#random)) {
          const ip = ipText(number, family);
          if ((await this.#deps.objects(group, "ipaddresses").get("", ip)) !== undefined) continue;
          if (await this.#create(ip, family, owner)) return ip;
        }
      }
    }
    throw new AllocationError("range is full", true);
  }

  /** Gives an address back; one that is free already stays so. */
  async release(ip: string): Promise<void> {
    try {
      await this.#deps.client().resource(ipaddresses).delete(ip, { gracePeriodSeconds: 0 });
    } catch (error) {
      if (!hasReason(error, "NotFound")) this.#deps.log.warn("a cluster IP could not be released", { ip, error });
    }
  }

  /** The ranges one may allocate from: Ready ServiceCIDRs that are not going; the configured ones while there is none. */
  async #ranges(family: IpFamily): Promise<IpRange[]> {
    const cidrs = (await this.#deps.objects(group, "servicecidrs").list()) as unknown as ServiceCIDR[];
    const ready = cidrs.filter((c) => c.metadata?.deletionTimestamp === undefined && isReady(c));
    const ranges = ready.flatMap((c) => c.spec?.cidrs ?? []).map((c) => ipRange(c));
    const known = ranges.filter((r): r is IpRange => r?.family === family);
    return known.length > 0 ? known : this.#defaults.filter((r) => r.family === family);
  }

  /** False when somebody else has the address. */
  async #create(ip: string, family: IpFamily, owner: AddressOwner): Promise<boolean> {
    const address: IPAddress = {
      apiVersion: "networking.k8s.io/v1",
      kind: "IPAddress",
      metadata: { name: ip, labels: { [familyLabel]: family, [managedByLabel]: allocatorName } },
      spec: { parentRef: { resource: "services", namespace: owner.namespace, name: owner.name } },
    };
    try {
      await this.#deps.client().resource(ipaddresses).create(address);
      return true;
    } catch (error) {
      if (hasReason(error, "AlreadyExists")) return false;
      throw error;
    }
  }
}

function isReady(cidr: ServiceCIDR): boolean {
  return cidr.status?.conditions?.some((c) => c.type === "Ready" && c.status === "True") ?? false;
}
