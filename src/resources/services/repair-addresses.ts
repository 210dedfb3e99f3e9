/**
 * Services and IPAddresses must name one another. What a crash or a hand left behind is put right: an address without its
 * service goes after the longest time a create may take, a service's address without its object gets one.
 */
import { hasReason } from "../../core/api-error.ts";
import { isHeadless, needsClusterIp } from "../../kinds/service/traffic.ts";
import type { Service } from "../../schema/types/core-v1.ts";
import { ipaddresses } from "../../schema/types/networking-v1.ts";
import type { IPAddress } from "../../schema/types/networking-v1.ts";
import type { ResourceDeps } from "../deps.ts";
import { allocatorName, familyLabel, managedByLabel } from "./cluster-ip-allocator.ts";
import { familyOf } from "./ip-range.ts";

const orphanMs = 60_000;

export async function repairAddresses(deps: ResourceDeps): Promise<void> {
  const addresses = (await deps.objects("networking.k8s.io", "ipaddresses").list()) as unknown as IPAddress[];
  const services = (await deps.objects("", "services").list()) as unknown as Service[];
  const byName = new Map(addresses.map((a) => [a.metadata?.name ?? "", a]));
  const owners = new Map<string, Service>();
  for (const service of services) {
    for (const ip of ipsOf(service)) {
      if (!owners.has(ip)) owners.set(ip, service);
      else
        deps.log.error("a cluster IP was assigned to several services", {
          ip,
          service: `${service.metadata?.namespace}/${service.metadata?.name}`,
        });
    }
  }
  for (const [ip, service] of owners) {
    const address = byName.get(ip);
    if (address === undefined) {
      deps.log.warn("a cluster IP is not allocated: repairing", { ip });
      await create(deps, ip, service);
    } else if (!refersTo(address, service) && refersToNothing(address, services)) {
      deps.log.warn("a cluster IP is allocated to something else: repairing", { ip });
      await remove(deps, ip);
      await create(deps, ip, service);
    }
  }
  for (const address of addresses) {
    const ip = address.metadata?.name ?? "";
    const managed = address.metadata?.labels?.[managedByLabel] === allocatorName;
    const age = deps.clock.now() - Date.parse(address.metadata?.creationTimestamp ?? "");
    if (!managed || owners.has(ip) || age < orphanMs) continue;
    deps.log.warn("an IP address appears to have leaked: cleaning up", { ip });
    await remove(deps, ip);
  }
}

function ipsOf(service: Service): string[] {
  if (service.spec === undefined || !needsClusterIp(service.spec) || isHeadless(service)) return [];
  return (service.spec.clusterIPs ?? []).filter((ip) => ip !== "" && ip !== "None");
}

function refersTo(address: IPAddress, service: Service): boolean {
  const ref = address.spec?.parentRef;
  return (
    ref?.resource === "services" &&
    (ref.group ?? "") === "" &&
    ref.namespace === service.metadata?.namespace &&
    ref.name === service.metadata?.name
  );
}

/** No service there is holds the address by this object. */
function refersToNothing(address: IPAddress, services: readonly Service[]): boolean {
  return !services.some((s) => refersTo(address, s) && ipsOf(s).includes(address.metadata?.name ?? ""));
}

async function create(deps: ResourceDeps, ip: string, service: Service): Promise<void> {
  const { namespace, name } = service.metadata ?? {};
  const metadata = { name: ip, labels: { [familyLabel]: familyOf(ip), [managedByLabel]: allocatorName } };
  const parentRef = { resource: "services", ...(namespace === undefined ? {} : { namespace }), name: name ?? "" };
  try {
    await deps.client().resource(ipaddresses).create({ metadata, spec: { parentRef } });
  } catch (error) {
    if (!hasReason(error, "AlreadyExists")) throw error;
  }
}

async function remove(deps: ResourceDeps, ip: string): Promise<void> {
  try {
    await deps.client().resource(ipaddresses).delete(ip);
  } catch (error) {
    if (!hasReason(error, "NotFound")) throw error;
  }
}
