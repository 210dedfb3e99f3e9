/**
 * The volumes of the node's pods, on disk. Contents that come from the API lie on one memory file system of the node's, so
 * that secrets never reach a disk and no mount is needed per pod; emptyDir on disk lies with the pod's other files.
 */
import { chmodSync, existsSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { isMountPoint, mountTmpfs, unmountBelow } from "../../host/mounts.ts";
import { podLimits } from "../../kinds/pod/resources.ts";
import { resourceAmount } from "../../kinds/resource-list.ts";
import type { ImageVolumeSource, Pod, Volume, VolumeMount } from "../../schema/types/core-v1.ts";
import { shareWithGroup, writeAtomically } from "./atomic-writer.ts";
import { prepareHostPath } from "./host-path.ts";
import { isProjected, projectVolume, type ProjectionSources } from "./projection.ts";
import { bindSubPath } from "./sub-path.ts";

export interface MountedVolume {
  readonly path: string;
  /** Nothing may write to it, whatever the mount says. */
  readonly readOnly: boolean;
  /** The contents of an image (KEP-4639): the runtime mounts them, there is no path. */
  readonly image?: ImageVolumeSource | undefined;
}

export interface PodVolumesOptions {
  /** `DIRECTORY/pods/UID/…` and `DIRECTORY/memory/UID/…`. */
  readonly directory: string;
  readonly sources: (pod: Pod) => ProjectionSources;
  /** Everything of that pod is gone. */
  onTearDown?(uid: string): void;
}

/** Why a volume could not be set up: what its FailedMount event says. */
export class VolumeError extends Error {
  readonly volume: string;
  constructor(volume: string, cause: Error) {
    super(`MountVolume.SetUp failed for volume "${volume}" : ${cause.message}`, { cause });
    this.volume = volume;
  }
}

export class PodVolumes {
  readonly #options: PodVolumesOptions;

  constructor(options: PodVolumesOptions) {
    this.#options = options;
  }

  /** Once, before the first pod. */
  async start(): Promise<void> {
    const memory = join(this.#options.directory, "memory");
    mkdirSync(memory, { recursive: true });
    mkdirSync(join(this.#options.directory, "pods"), { recursive: true, mode: 0o750 });
    if (!isMountPoint(memory)) await mountTmpfs(memory, { mode: "0711" });
  }

  podDirectory(uid: string): string {
    return join(this.#options.directory, "pods", uid);
  }

  /** Where a volume's contents lie. */
  pathOf(uid: string, volume: Volume): string {
    if (volume.hostPath !== undefined) return volume.hostPath.path;
    const plugin = volume.emptyDir !== undefined ? "kubernetes.io~empty-dir" : "kubernetes.io~projected";
    return isProjected(volume)
      ? join(this.#options.directory, "memory", uid, volume.name)
      : join(this.podDirectory(uid), "volumes", plugin, volume.name);
  }

  /** Sets up every volume, or brings its contents up to date. Throws the first {@link VolumeError}. */
  async setUp(pod: Pod): Promise<Map<string, MountedVolume>> {
    const volumes = pod.spec?.volumes ?? [];
    const sources = this.#options.sources(pod);
    const mounted = await Promise.all(volumes.map(async (volume) => [volume.name, await this.#setUpOne(pod, volume, sources)] as const));
    return new Map(mounted);
  }

  async #setUpOne(pod: Pod, volume: Volume, sources: ProjectionSources): Promise<MountedVolume> {
    const uid = pod.metadata?.uid ?? "";
    const path = this.pathOf(uid, volume);
    const group = pod.spec?.securityContext?.fsGroup;
    try {
      if (volume.hostPath !== undefined) {
        prepareHostPath(volume.hostPath);
        return { path, readOnly: false };
      }
      if (volume.image !== undefined) return { path: "", readOnly: true, image: volume.image };
      if (isProjected(volume)) {
        const files = await projectVolume(pod, volume, sources);
        if (!existsSync(path)) makeOpenDirectory(path, 0o755);
        writeAtomically(path, files, group);
        if (group !== undefined) shareDirectory(path, group);
        return { path, readOnly: true };
      }
      if (volume.emptyDir !== undefined) {
        await setUpEmptyDir(pod, volume, path, group, sources.allocatable);
        return { path, readOnly: false };
      }
      throw new Error(`no volume plugin matched: this node has none for ${kindOf(volume)}`);
    } catch (error) {
      throw new VolumeError(volume.name, error as Error);
    }
  }

  /** The host's side of a mount with `subPath`, bound to a place of its own. */
  async subPath(pod: Pod, container: string, index: number, mount: VolumeMount, volume: MountedVolume, subPath: string): Promise<string> {
    const target = join(this.podDirectory(pod.metadata?.uid ?? ""), "volume-subpaths", mount.name, container, String(index));
    try {
      return await bindSubPath({ volume: volume.path, subPath, target });
    } catch (error) {
      const { message } = error as Error;
      if (message.includes("SubPath")) throw error;
      throw new Error(`failed to prepare subPath for volumeMount "${mount.name}" of container "${container}"`, { cause: error });
    }
  }

  /** Removes everything of a pod, mounts first. */
  async tearDown(uid: string): Promise<void> {
    const directory = this.podDirectory(uid);
    await unmountBelow(directory);
    rmSync(directory, { recursive: true, force: true });
    rmSync(join(this.#options.directory, "memory", uid), { recursive: true, force: true });
    this.#options.onTearDown?.(uid);
  }

  /** Pods that have files here. */
  pods(): string[] {
    const list = (name: string): string[] => {
      const directory = join(this.#options.directory, name);
      return existsSync(directory) ? readdirSync(directory) : [];
    };
    return [...new Set([...list("pods"), ...list("memory")])];
  }
}

function kindOf(volume: Volume): string {
  return Object.keys(volume).find((key) => key !== "name") ?? "an empty source";
}

/** Open for all who can reach it; `mkdir` alone would take the umask off. */
function makeOpenDirectory(path: string, mode: number): void {
  mkdirSync(path, { recursive: true });
  chmodSync(path, mode);
}

/** The root of a volume whose files are already the group's. */
function shareDirectory(path: string, group: number): void {
  shareWithGroup(path, group, true);
}

async function setUpEmptyDir(
  pod: Pod,
  volume: Volume,
  path: string,
  group: number | undefined,
  allocatable: Readonly<Record<string, string>>,
): Promise<void> {
  const medium = volume.emptyDir?.medium ?? "";
  if (medium !== "" && medium !== "Memory") throw new Error(`unknown storage medium "${medium}"`);
  const made = !existsSync(path);
  if (made) makeOpenDirectory(path, 0o777);
  let fresh = made;
  if (medium === "Memory" && !isMountPoint(path)) {
    await mountTmpfs(path, { size: memorySize(pod, volume, allocatable) });
    fresh = true;
  }
  // Only once: later on the files are the containers' own business.
  if (group !== undefined && fresh) shareWithGroup(path, group, false);
}

/** The least of what the volume may take, what its pod may take, and what the node has (KEP-1967). */
function memorySize(pod: Pod, volume: Volume, allocatable: Readonly<Record<string, string>>): number | undefined {
  const limits = podLimits(pod);
  const everyLimited = [...(pod.spec?.containers ?? []), ...(pod.spec?.initContainers ?? [])].every(
    (c) => c.resources?.limits?.["memory"] !== undefined,
  );
  const sizes = [volume.emptyDir?.sizeLimit, everyLimited ? limits["memory"] : undefined, allocatable["memory"]]
    .filter((text) => text !== undefined)
    .map((text) => Math.trunc(resourceAmount("memory", text)))
    .filter((bytes) => bytes > 0);
  return sizes.length === 0 ? undefined : Math.min(...sizes);
}
