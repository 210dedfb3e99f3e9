/** The store that a cluster keeps its objects in, as its configuration and kube-apiserver's flags have it. */
import { join } from "node:path";
import type { Clock } from "../core/clock.ts";
import type { Logger } from "../core/log.ts";
import { openStore } from "../store/open-store.ts";
import type { Store } from "../store/store.ts";
import type { ApiServerFlags } from "./api-server-flags/index.ts";
import type { ClusterConfig } from "./options.ts";

/** Beginning of every key that the API server uses. */
const ownPrefix = "/registry/";

/** The place in etcd that stands for {@link ownPrefix}: upstream joins `--etcd-prefix` to the root. */
function etcdPrefix(flag: string): string {
  const path = `/${flag}/`.replace(/\/+/g, "/");
  return path === "/" ? "/" : path;
}

/** Throws StoreError. */
export async function openClusterStore(config: ClusterConfig, flags: ApiServerFlags, clock: Clock, log: Logger): Promise<Store> {
  if (config.store.kind !== "etcd") {
    return openStore({ ...(config.store.kind === "memory" ? {} : { directory: join(config.dataDir, "store") }), clock, log });
  }
  const { EtcdStore } = await import("../store/etcd/etcd-store.ts");
  return EtcdStore.open({
    endpoints: config.store.endpoints,
    tls: {
      ca: flags.file("etcd-cafile")?.text,
      cert: flags.file("etcd-certfile")?.text,
      key: flags.file("etcd-keyfile")?.text,
    },
    clock,
    log,
    prefixes: { store: ownPrefix, etcd: etcdPrefix(flags.string("etcd-prefix")) },
    compactionInterval: flags.duration("etcd-compaction-interval"),
  });
}

/** The key under which etcd (or another store) keeps what is `key` here: authenticated data of what is encrypted. */
export function storedKey(config: ClusterConfig, flags: ApiServerFlags, key: string): string {
  if (config.store.kind !== "etcd") return key;
  return etcdPrefix(flags.string("etcd-prefix")) + key.slice(ownPrefix.length);
}
