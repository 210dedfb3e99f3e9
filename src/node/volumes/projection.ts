/** The files of configMap, secret, downwardAPI and projected volumes. */
import { isApiError } from "../../core/api-error.ts";
import type {
  ConfigMap,
  DownwardAPIVolumeFile,
  KeyToPath,
  Pod,
  ProjectedVolumeSource,
  Secret,
  ServiceAccountTokenProjection,
  Volume,
} from "../../schema/types/core-v1.ts";
import type { ReferencedObjects } from "../container/environment.ts";
import { fieldValue, resourceValue, type PodAddresses } from "../container/field-values.ts";
import type { ProjectedFile, ProjectedFiles } from "./atomic-writer.ts";

export interface ProjectionSources {
  readonly objects: ReferencedObjects;
  /** A token of the pod's service account that is good for a while. */
  token(pod: Pod, projection: ServiceAccountTokenProjection): Promise<string>;
  readonly allocatable: Readonly<Record<string, string>>;
  readonly addresses: PodAddresses;
}

const isProjected = (volume: Volume): boolean =>
  volume.configMap !== undefined || volume.secret !== undefined || volume.downwardAPI !== undefined || volume.projected !== undefined;

export { isProjected };

/** Throws an Error in the kubelet's words when something that is not optional is missing. */
export async function projectVolume(pod: Pod, volume: Volume, sources: ProjectionSources): Promise<ProjectedFiles> {
  const namespace = pod.metadata?.namespace ?? "";
  const { configMap, secret, downwardAPI, projected } = volume;
  if (configMap !== undefined) {
    const found = await found404(configMap.optional, sources.objects.configMap(namespace, configMap.name ?? ""));
    return configMapFiles(found, configMap.items, configMap.defaultMode, configMap.optional === true);
  }
  if (secret !== undefined) {
    const found = await found404(secret.optional, sources.objects.secret(namespace, secret.secretName ?? ""));
    return secretFiles(found, secret.items, secret.defaultMode, secret.optional === true);
  }
  if (downwardAPI !== undefined) return downwardFiles(pod, downwardAPI.items ?? [], downwardAPI.defaultMode, sources);
  return projectedFiles(pod, projected ?? {}, sources);
}

async function found404<T>(optional: boolean | undefined, get: Promise<T>): Promise<T | undefined> {
  try {
    return await get;
  } catch (error) {
    if (optional === true && isApiError(error) && error.code === 404) return undefined;
    throw error;
  }
}

const standardMode = 0o644;

function select(
  all: ReadonlyMap<string, Uint8Array>,
  items: readonly KeyToPath[] | undefined,
  mode: number,
  optional: boolean,
  missing: string,
): Map<string, ProjectedFile> {
  const files = new Map<string, ProjectedFile>();
  if (items === undefined || items.length === 0) {
    for (const [key, data] of all) files.set(key, { data, mode });
    return files;
  }
  for (const item of items) {
    const data = all.get(item.key);
    if (data !== undefined) files.set(item.path, { data, mode: item.mode ?? mode });
    else if (!optional) throw new Error(`${missing}: ${item.key}`);
  }
  return files;
}

function configMapFiles(
  found: ConfigMap | undefined,
  items: readonly KeyToPath[] | undefined,
  mode: number | undefined,
  optional: boolean,
): Map<string, ProjectedFile> {
  const all = new Map<string, Uint8Array>();
  for (const [key, text] of Object.entries(found?.data ?? {})) all.set(key, Buffer.from(text));
  for (const [key, base64] of Object.entries(found?.binaryData ?? {})) all.set(key, Buffer.from(base64, "base64"));
  return select(all, items, mode ?? standardMode, optional, "configmap references non-existent config key");
}

function secretFiles(
  found: Secret | undefined,
  items: readonly KeyToPath[] | undefined,
  mode: number | undefined,
  optional: boolean,
): Map<string, ProjectedFile> {
  const all = new Map(Object.entries(found?.data ?? {}).map(([key, base64]) => [key, Buffer.from(base64, "base64")]));
  return select(all, items, mode ?? standardMode, optional, "references non-existent secret key");
}

function downwardFiles(
  pod: Pod,
  items: readonly DownwardAPIVolumeFile[],
  defaultMode: number | undefined,
  { addresses, allocatable }: ProjectionSources,
): Map<string, ProjectedFile> {
  const files = new Map<string, ProjectedFile>();
  for (const item of items) {
    let text = "";
    if (item.fieldRef !== undefined) text = fieldValue(item.fieldRef, pod, addresses);
    else if (item.resourceFieldRef !== undefined) text = resourceValue(item.resourceFieldRef, pod, undefined, allocatable);
    files.set(item.path, { data: Buffer.from(text), mode: item.mode ?? defaultMode ?? standardMode });
  }
  return files;
}

async function projectedFiles(
  pod: Pod,
  { sources = [], defaultMode }: ProjectedVolumeSource,
  from: ProjectionSources,
): Promise<ProjectedFiles> {
  const namespace = pod.metadata?.namespace ?? "";
  const parts = await Promise.all(
    sources.map(async (source): Promise<ReadonlyMap<string, ProjectedFile>> => {
      const { configMap, secret, downwardAPI, serviceAccountToken } = source;
      if (configMap !== undefined) {
        const found = await found404(configMap.optional, from.objects.configMap(namespace, configMap.name ?? ""));
        return configMapFiles(found, configMap.items, defaultMode, configMap.optional === true);
      }
      if (secret !== undefined) {
        const found = await found404(secret.optional, from.objects.secret(namespace, secret.name ?? ""));
        return secretFiles(found, secret.items, defaultMode, secret.optional === true);
      }
      if (downwardAPI !== undefined) return downwardFiles(pod, downwardAPI.items ?? [], defaultMode, from);
      if (serviceAccountToken !== undefined) {
        const token = await from.token(pod, serviceAccountToken);
        return new Map([[serviceAccountToken.path, tokenFile(pod, token, defaultMode)]]);
      }
      const kind = Object.keys(source)[0] ?? "empty";
      throw new Error(`projected volume source ${kind} is not supported by this node`);
    }),
  );
  const files = new Map<string, ProjectedFile>();
  for (const part of parts) for (const [path, file] of part) files.set(path, file);
  return files;
}

/** The one user's that all containers run as, and the volume's group may read it; with neither, as the volume says. */
function tokenFile(pod: Pod, token: string, defaultMode: number | undefined): ProjectedFile {
  const group = pod.spec?.securityContext?.fsGroup;
  const user = commonUser(pod);
  return {
    data: Buffer.from(token),
    mode: group !== undefined || user !== undefined ? 0o600 : (defaultMode ?? standardMode),
    ...(user === undefined ? {} : { uid: user }),
  };
}

function commonUser(pod: Pod): number | undefined {
  const shared = pod.spec?.securityContext?.runAsUser;
  const all = [...(pod.spec?.initContainers ?? []), ...(pod.spec?.containers ?? []), ...(pod.spec?.ephemeralContainers ?? [])];
  const users = new Set(all.map((c) => c.securityContext?.runAsUser ?? shared));
  return users.size === 1 ? [...users][0] : undefined;
}
