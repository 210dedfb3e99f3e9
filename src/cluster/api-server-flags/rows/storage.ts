/** Flags about what is kept, how, and for how long. */
import { fixed, flag, type FlagRow, noEffect, refused } from "../flag.ts";

const oneStore = "the store belongs to the cluster: `--store etcd=URL,URL` names its servers";
const memory = "the watch cache holds every object and answers reads";

export const storageFlags: readonly FlagRow[] = [
  refused("etcd-servers", "strings", "[]", "etcd's URLs", oneStore),
  refused(
    "etcd-servers-overrides",
    "strings",
    "[]",
    "etcd's URLs for single resources",
    "all resources are in one store, so that they share its revisions",
  ),
  flag("etcd-cafile", "string", "", "the authority of etcd's certificates, PEM"),
  flag("etcd-certfile", "string", "", "the client certificate for etcd, PEM"),
  flag("etcd-keyfile", "string", "", "the key of --etcd-certfile, PEM"),
  flag("etcd-prefix", "string", "/registry", "what every key begins with"),
  flag("etcd-compaction-interval", "duration", "5m0s", "how often old revisions are dropped; 0 never"),
  noEffect(
    "etcd-count-metric-poll-period",
    "duration",
    "1m0s",
    "how often stored objects are counted for metrics",
    "they are counted whenever metrics are read",
  ),
  noEffect(
    "etcd-db-metric-poll-interval",
    "duration",
    "30s",
    "how often the store's size is asked for metrics",
    "it is asked whenever metrics are read",
  ),
  noEffect(
    "etcd-healthcheck-timeout",
    "duration",
    "2s",
    "how long the store may take to say that it is well",
    "the store tells at once whether it is well",
  ),
  noEffect("etcd-readycheck-timeout", "duration", "2s", "the same for /readyz", "the store tells at once whether it is well"),
  noEffect(
    "lease-reuse-duration-seconds",
    "int",
    "60",
    "how long one lease takes in objects that expire",
    "the store keeps a time with each object that expires",
  ),
  flag("storage-backend", "string", "", "etcd3, or nothing"),
  refused(
    "storage-media-type",
    "string",
    "application/vnd.kubernetes.protobuf",
    "the form of stored objects",
    "objects are stored as JSON, which every answer is cut from",
  ),
  flag("storage-initialization-timeout", "duration", "1m0s", "how long to wait for the store at the start"),
  refused("watch-cache", "bool", "true", "keep objects in memory", memory),
  noEffect(
    "watch-cache-sizes",
    "strings",
    "[]",
    "how many events to keep of single resources",
    "the history is bounded by the store's compaction",
  ),
  noEffect(
    "default-watch-cache-size",
    "int",
    "100",
    "how many events to keep of each resource",
    "the history is bounded by the store's compaction",
  ),
  flag("delete-collection-workers", "int", "1", "objects that one deletion of a collection removes at once"),
  fixed("enable-garbage-collector", "bool", "true", "let deletions wait for dependents", "the garbage collector always runs"),
  flag("encryption-provider-config", "string", "", "an EncryptionConfiguration: how which resources are stored"),
  flag("encryption-provider-config-automatic-reload", "bool", "false", "read --encryption-provider-config again when it changes"),
  flag("event-ttl", "duration", "1h0m0s", "how long events are kept"),
];
