import type { Volume } from "../../../schema/types/core-v1.ts";
import type { Check, PodCheck } from "../check.ts";
import { distinct, plural, quoted } from "../check.ts";

const allowed: readonly (keyof Volume)[] = [
  "configMap",
  "csi",
  "downwardAPI",
  "emptyDir",
  "ephemeral",
  "image",
  "persistentVolumeClaim",
  "projected",
  "secret",
];

/** Asked in this order: the first that is set names the volume. */
const forbidden: readonly (keyof Volume)[] = [
  "hostPath",
  "gcePersistentDisk",
  "awsElasticBlockStore",
  "gitRepo",
  "nfs",
  "iscsi",
  "glusterfs",
  "rbd",
  "flexVolume",
  "cinder",
  "cephfs",
  "flocker",
  "fc",
  "azureFile",
  "vsphereVolume",
  "quobyte",
  "azureDisk",
  "photonPersistentDisk",
  "portworxVolume",
  "scaleIO",
  "storageos",
];

const check: PodCheck = (_metadata, spec) => {
  const bad = (spec.volumes ?? []).filter((v) => !allowed.some((source) => v[source] !== undefined));
  if (bad.length === 0) return undefined;
  const types = distinct(bad.map((v) => forbidden.find((source) => v[source] !== undefined) ?? "unknown"));
  const volumes = `${plural("volume", "volumes", bad.length)} ${quoted(bad.map((v) => v.name))} ${plural("uses", "use", bad.length)}`;
  return {
    reason: "restricted volume types",
    detail: `${volumes} ${plural("restricted volume type", "restricted volume types", types.length)} ${quoted(types)}`,
  };
};

export const restrictedVolumes: Check = {
  id: "restrictedVolumes",
  level: "restricted",
  overrides: "hostPathVolumes",
  revisions: [{ since: 0, check }],
};
