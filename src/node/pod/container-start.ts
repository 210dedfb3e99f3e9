/** Starting one container: image, configuration, create, start, postStart. */
import { chmodSync, existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { isGrpcError } from "../../host/grpc.ts";
import type { Container, EphemeralContainer, ImageVolumeSource, Pod, Secret, VolumeMount } from "../../schema/types/core-v1.ts";
import { containerEnvironment, UnknownVolume } from "../container/environment.ts";
import { expand, unresolved } from "../container/expansion.ts";
import { hostNetworkHostsFile, hostsFile, podHostname } from "../container/hostname.ts";
import { containerResources } from "../container/resources.ts";
import { containerSecurity, verifyNonRoot, type ImageUser } from "../container/security.ts";
import { serviceEnvironment } from "../container/service-environment.ts";
import type { ContainerConfig, Image, ImageSpec, Mount, PodSandboxConfig } from "../cri/types.ts";
import { aboutPod, containerEvent, podLogDirectory, type NodeContext } from "../node-context.ts";
import type { MountedVolume } from "../volumes/pod-volumes.ts";
import { readWithin } from "../volumes/sub-path.ts";
import { linkContainerLog } from "./container-log.ts";
import { runHook } from "./hooks.ts";
import { killContainer } from "./kill.ts";
import { containerAnnotations, containerLabels } from "./labels.ts";
import { findRuntimeContainer, type PodRuntime } from "./runtime.ts";
import { StartError } from "./start-error.ts";

export interface StartInput {
  readonly pod: Pod;
  readonly container: Container | EphemeralContainer;
  readonly sandboxId: string;
  readonly sandbox: PodSandboxConfig;
  readonly ips: readonly string[];
  readonly runtime: PodRuntime;
  readonly volumes: ReadonlyMap<string, MountedVolume>;
  readonly signal: AbortSignal;
}

/** Resolves with the container's id. Throws a {@link StartError}; events tell the rest. */
export async function startContainer(node: NodeContext, input: StartInput): Promise<string> {
  const { pod, container, sandboxId, sandbox, signal } = input;
  const fail = (error: unknown, reason: string): never => {
    if (signal.aborted) throw error;
    const started = error instanceof StartError ? error : new StartError(reason, detail(error));
    const text = error instanceof StartError && imageReasons.has(error.reason) ? error.reason : started.message;
    containerEvent(node.events, pod, container, "Warning", "Failed", `Error: ${text}`);
    throw started;
  };
  const image = await node.images
    .ensure(pod, container as Container, await pullSecrets(node, pod), sandbox, signal)
    .catch((error: unknown) => fail(error, "ErrImagePull"));
  const config = await containerConfig(node, input, image).catch((error: unknown) => fail(error, "CreateContainerConfigError"));
  const id = await node.cri
    .createContainer(sandboxId, config, sandbox, signal)
    .catch((error: unknown) => fail(error, "CreateContainerError"));
  containerEvent(node.events, pod, container, "Normal", "Created", "Container created");
  await node.cri.startContainer(id).catch((error: unknown) => fail(error, "RunContainerError"));
  containerEvent(node.events, pod, container, "Normal", "Started", "Container started");
  linkContainerLog(node, pod, { id, name: container.name, logPath: join(sandbox.logDirectory, config.logPath) });
  const postStart = container.lifecycle?.postStart;
  if (postStart !== undefined) {
    try {
      await runHook(node, postStart, { pod, container: container as Container, containerId: id, ip: input.ips[0] ?? "", signal });
    } catch (error) {
      // The hook's own words may hold secrets: they go into the status, not into an event.
      containerEvent(node.events, pod, container, "Warning", "FailedPostStartHook", "PostStartHook failed");
      await killContainer(node, {
        pod,
        container: container as Container,
        id,
        message: "FailedPostStartHook",
        reason: "",
        grace: undefined,
      });
      throw new StartError("PostStartHookError", (error as Error).message);
    }
  }
  return id;
}

const imageReasons = new Set(["ErrImagePull", "ImagePullBackOff", "ErrImageNeverPull", "InvalidImageName", "ImageInspectError"]);

/** The peer's words without the transport's. */
function detail(error: unknown): string {
  return isGrpcError(error) ? error.details : (error as Error).message;
}

async function pullSecrets(node: NodeContext, pod: Pod): Promise<Secret[]> {
  const names = (pod.spec?.imagePullSecrets ?? []).flatMap(({ name }) => (name ? [name] : []));
  const missing: string[] = [];
  const found = await Promise.all(
    names.map((name) =>
      node.objects.secret(pod.metadata?.namespace ?? "", name).catch(() => {
        missing.push(name);
        return undefined;
      }),
    ),
  );
  if (missing.length > 0) {
    const text = `Unable to retrieve some image pull secrets (${missing.join(", ")}); attempting to pull the image may not succeed.`;
    node.events.event(aboutPod(pod), "Warning", "FailedToRetrieveImagePullSecret", text);
  }
  return found.filter((s) => s !== undefined);
}

async function containerConfig(node: NodeContext, input: StartInput, image: Image): Promise<ContainerConfig> {
  const { pod, runtime, ips } = input;
  const container = input.container as Container;
  const services = node.services();
  if (services === undefined) throw new Error("services have not yet been read at least once, cannot construct envvars");
  const environment = await containerEnvironment({
    pod,
    container,
    addresses: { podIPs: pod.spec?.hostNetwork === true ? node.nodeIPs : ips, hostIPs: node.nodeIPs },
    services: serviceEnvironment(services, pod.metadata?.namespace ?? "", pod.spec?.enableServiceLinks ?? true),
    objects: node.objects,
    allocatable: node.allocatable(),
    readVolumeFile: (name, path) => {
      const volume = input.volumes.get(name);
      if (volume === undefined || volume.path === "") throw new UnknownVolume(name);
      return readWithin(volume.path, path);
    },
  });
  const user: ImageUser = { uid: image.uid?.value ?? (image.username === "" ? 0 : undefined), username: image.username };
  verifyNonRoot(pod, container, user);
  const restartCount = nextRestartCount(node, input);
  const lookup = (name: string): string | undefined => environment.get(name);
  const target = (container as EphemeralContainer).targetContainerName;
  const targetId = target ? findRuntimeContainer(runtime, target)?.id : undefined;
  if (target && targetId === undefined) throw new Error(`unable to find target container ${target}`);
  const mounts = await containerMounts(node, input, lookup);
  const logDirectory = join(podLogDirectory(node.paths, pod), container.name);
  mkdirSync(logDirectory, { recursive: true });
  return {
    metadata: { name: container.name, attempt: restartCount },
    image: { image: image.id, userSpecifiedImage: container.image ?? "" },
    command: (container.command ?? []).map((text) => expand(text, lookup)),
    args: (container.args ?? []).map((text) => expand(text, lookup)),
    workingDir: container.workingDir ?? "",
    envs: [...environment].map(([key, value]) => ({ key, value: Buffer.from(value) })),
    mounts,
    devices: [],
    labels: containerLabels(pod, container),
    annotations: containerAnnotations(pod, container, restartCount),
    logPath: join(container.name, `${restartCount}.log`),
    stdin: container.stdin ?? false,
    stdinOnce: container.stdinOnce ?? false,
    tty: container.tty ?? false,
    linux: {
      resources: containerResources(pod, container, node.memoryCapacity),
      securityContext: containerSecurity(pod, container, user, { seccompRoot: node.paths.seccomp, targetId }),
    },
  };
}

/** One more than the last instance's; where the runtime has forgotten, one more than the last log file's. */
function nextRestartCount(node: NodeContext, { pod, container, runtime }: StartInput): number {
  const last = findRuntimeContainer(runtime, container.name);
  if (last !== undefined) return last.record.restartCount + 1;
  const directory = join(podLogDirectory(node.paths, pod), container.name);
  if (!existsSync(directory)) return 0;
  const counts = readdirSync(directory).flatMap((name) => {
    const match = /^(\d+)\.log/.exec(name);
    return match === null ? [] : [Number(match[1])];
  });
  return counts.length === 0 ? 0 : Math.max(...counts) + 1;
}

async function containerMounts(node: NodeContext, input: StartInput, lookup: (name: string) => string | undefined): Promise<Mount[]> {
  const { pod, container, ips } = input;
  const mounts: Mount[] = [];
  for (const [index, mount] of (container.volumeMounts ?? []).entries()) {
    const volume = input.volumes.get(mount.name);
    if (volume === undefined) throw new Error(`cannot find volume "${mount.name}" to mount into container "${container.name}"`);
    const subPath = mount.subPathExpr ? expandSubPath(mount, lookup) : (mount.subPath ?? "");
    const containerPath = mount.mountPath.startsWith("/") ? mount.mountPath : `/${mount.mountPath}`;
    if (volume.image !== undefined) {
      mounts.push({
        containerPath,
        hostPath: "",
        readonly: true,
        image: await volumeImage(node, input, mount.name, volume.image),
        imageSubPath: subPath,
      });
      continue;
    }
    const hostPath = subPath === "" ? volume.path : await node.volumes.subPath(pod, container.name, index, mount, volume, subPath);
    mounts.push({
      containerPath,
      hostPath,
      readonly: mount.readOnly === true || volume.readOnly,
      propagation: propagations[mount.mountPropagation ?? "None"] ?? "PROPAGATION_PRIVATE",
    });
  }
  const directory = node.volumes.podDirectory(pod.metadata?.uid ?? "");
  if (!mounts.some((m) => m.containerPath === "/etc/hosts") && (ips.length > 0 || pod.spec?.hostNetwork === true)) {
    mounts.push({ containerPath: "/etc/hosts", hostPath: writeHosts(node, pod, ips, directory), readonly: false, selinuxRelabel: true });
  }
  if (container.terminationMessagePath) {
    mounts.push({
      containerPath: container.terminationMessagePath,
      hostPath: makeTerminationLog(directory, container.name),
      readonly: false,
    });
  }
  return mounts;
}

/** Brings a volume's image here. Throws a {@link StartError} as for the container's own. */
async function volumeImage(
  node: NodeContext,
  { pod, sandbox, signal }: StartInput,
  name: string,
  { reference = "", pullPolicy }: ImageVolumeSource,
): Promise<ImageSpec> {
  const stand = { name, image: reference, imagePullPolicy: pullPolicy };
  const found = await node.images.ensure(pod, stand, await pullSecrets(node, pod), sandbox, signal);
  return { image: found.id, userSpecifiedImage: reference };
}

const propagations: Record<string, Mount["propagation"]> = {
  None: "PROPAGATION_PRIVATE",
  HostToContainer: "PROPAGATION_HOST_TO_CONTAINER",
  Bidirectional: "PROPAGATION_BIDIRECTIONAL",
};

function expandSubPath(mount: VolumeMount, lookup: (name: string) => string | undefined): string {
  const text = mount.subPathExpr ?? "";
  const missing = unresolved(text, lookup);
  if (missing.length > 0) throw new Error(`missing value for "${missing[0] as string}"`);
  return expand(text, lookup);
}

function writeHosts(node: NodeContext, pod: Pod, ips: readonly string[], directory: string): string {
  const path = join(directory, "etc-hosts");
  const aliases = pod.spec?.hostAliases ?? [];
  const hostNetwork = pod.spec?.hostNetwork === true;
  const text = hostNetwork
    ? hostNetworkHostsFile(readFileSync("/etc/hosts", "utf8"), aliases)
    : hostsFile(ips, podHostname(pod, node.clusterDomain), aliases);
  mkdirSync(directory, { recursive: true, mode: 0o750 });
  writeFileSync(path, text);
  chmodSync(path, 0o644);
  return path;
}

/** A file of its own for every instance, writable for whoever the container runs as. */
function makeTerminationLog(directory: string, container: string): string {
  const parent = join(directory, "containers", container);
  mkdirSync(parent, { recursive: true, mode: 0o750 });
  const path = join(parent, randomBytes(4).toString("hex"));
  writeFileSync(path, "");
  chmodSync(path, 0o666);
  return path;
}
