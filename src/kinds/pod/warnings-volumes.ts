/** Volumes that are old, and files of one volume that get into one another's way. */
import type { FieldPath } from "../../schema/field-error.ts";
import type { Volume, VolumeProjection } from "../../schema/types/core-v1.ts";
import { claimSpecWarnings } from "../persistent-volume-claim/warnings.ts";

const deprecated: readonly (readonly [field: keyof Volume, shown: string, message: string])[] = [
  ["photonPersistentDisk", "photonPersistentDisk", "deprecated in v1.11, non-functional in v1.16+"],
  ["gitRepo", "gitRepo", "deprecated in v1.11, and disabled by default in v1.33+"],
  ["scaleIO", "scaleIO", "deprecated in v1.16, non-functional in v1.22+"],
  ["flocker", "flocker", "deprecated in v1.22, non-functional in v1.25+"],
  ["storageos", "storageOS", "deprecated in v1.22, non-functional in v1.25+"],
  ["quobyte", "quobyte", "deprecated in v1.22, non-functional in v1.25+"],
  ["glusterfs", "glusterfs", "deprecated in v1.25, non-functional in v1.26+"],
  ["cephfs", "cephfs", "deprecated in v1.28, non-functional in v1.31+"],
  ["rbd", "rbd", "deprecated in v1.28, non-functional in v1.31+"],
];

export function volumeWarnings(volumes: readonly Volume[], path: FieldPath): string[] {
  const warnings: string[] = [];
  volumes.forEach((volume, i) => {
    for (const [field, shown, message] of deprecated) {
      if (volume[field] !== undefined) warnings.push(`${path.index(i).child(shown).toString()}: ${message}`);
    }
    const template = volume.ephemeral?.volumeClaimTemplate;
    if (template) warnings.push(...claimSpecWarnings(template.spec, path.index(i).child("ephemeral", "volumeClaimTemplate", "spec")));
  });
  for (const volume of volumes) overlapWarnings(volume, warnings);
  return warnings;
}

interface File {
  readonly path: string;
  readonly source: string;
}

const q = (text: string): string => JSON.stringify(text);
const describe = (file: File): string => (file.source === "" ? q(file.path) : `${q(file.path)} (${file.source})`);

function overlapWarnings(volume: Volume, warnings: string[]): void {
  const warn = (what: string, files: readonly File[], seen: File[]): void => {
    for (const { path, source } of files) {
      const file = { path: path.replace(/\/+$/, ""), source };
      for (const other of seen.filter((o) => overlaps(o, file))) {
        warnings.push(`volume ${q(volume.name)} (${what}): overlapping paths: ${describe(file)} with ${describe(other)}`);
      }
      seen.push(file);
    }
  };
  const plain = (items: readonly { path: string }[] | undefined, source = ""): File[] => items?.map(({ path }) => ({ path, source })) ?? [];
  if (volume.configMap) warn(`ConfigMap ${q(volume.configMap.name ?? "")}`, plain(volume.configMap.items), []);
  if (volume.secret) warn(`Secret ${q(volume.secret.secretName ?? "")}`, plain(volume.secret.items), []);
  if (volume.downwardAPI) warn("DownwardAPI", plain(volume.downwardAPI.items), []);
  const seen: File[] = [];
  for (const source of volume.projected?.sources ?? []) {
    if (Object.keys(source).length === 0) warnings.push(`volume ${q(volume.name)} (Projected) has no sources provided`);
    else warn("Projected", projectedFiles(source), seen);
  }
}

function projectedFiles(source: VolumeProjection): File[] {
  const files = (items: readonly { path: string }[] | undefined, from: string): File[] =>
    items?.map(({ path }) => ({ path, source: from })) ?? [];
  if (source.configMap?.items) return files(source.configMap.items, `ConfigMap ${q(source.configMap.name ?? "")}`);
  if (source.secret?.items) return files(source.secret.items, `Secret ${q(source.secret.name ?? "")}`);
  if (source.downwardAPI?.items) return files(source.downwardAPI.items, "DownwardAPI");
  if (source.serviceAccountToken) return [{ path: source.serviceAccountToken.path, source: "ServiceAccountToken" }];
  return [];
}

/** The same file, or one inside a directory that the other is. */
function overlaps(a: File, b: File): boolean {
  if (a.path === "" || b.path === "") return false;
  return `${a.path}/`.startsWith(`${b.path}/`) || `${b.path}/`.startsWith(`${a.path}/`);
}
