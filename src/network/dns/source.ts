import type { InformerFactory } from "../../client/informer.ts";
import { endpointslices } from "../../schema/types/discovery-v1.ts";
import { namespaces, services } from "../../schema/types/core-v1.ts";
import type { ZoneSource } from "./zone.ts";

/** The zone as the cluster's caches have it. `synced` resolves when the first answers may be given. */
export function zoneSource(informers: InformerFactory): { source: ZoneSource; synced: (signal?: AbortSignal) => Promise<void> } {
  const serviceCache = informers.informer(services);
  const sliceCache = informers.informer(endpointslices);
  const namespaceCache = informers.informer(namespaces);
  serviceCache.addIndex("address", (s) => (s.spec?.clusterIPs ?? []).filter((a) => a !== "None"));
  sliceCache.addIndex("dns-service", (s) => [`${s.metadata?.namespace ?? ""}/${s.metadata?.labels?.["kubernetes.io/service-name"] ?? ""}`]);
  sliceCache.addIndex("address", (s) => (s.endpoints ?? []).flatMap((e) => e.addresses));
  return {
    source: {
      service: (namespace, name) => serviceCache.lister.get(namespace, name),
      slices: (namespace, service) => sliceCache.lister.byIndex("dns-service", `${namespace}/${service}`),
      namespaceExists: (namespace) => namespaceCache.lister.get("", namespace) !== undefined,
      servicesAt: (address) => serviceCache.lister.byIndex("address", address),
      slicesAt: (address) => sliceCache.lister.byIndex("address", address),
    },
    synced: async (signal) => {
      await Promise.all([serviceCache.whenSynced(signal), sliceCache.whenSynced(signal), namespaceCache.whenSynced(signal)]);
    },
  };
}
