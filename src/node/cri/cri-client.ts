/** CRI v1: the runtime and image services of one container runtime. Errors are GrpcErrors. */
import { type CallOptions, type GrpcClient, grpcClient, grpcCode, isGrpcError } from "../../host/grpc.ts";
import type {
  AuthConfig,
  Container,
  ContainerConfig,
  ContainerEvent,
  ContainerStats,
  ContainerStatus,
  FilesystemUsage,
  Image,
  ImageSpec,
  LinuxContainerResources,
  PodSandbox,
  PodSandboxConfig,
  PodSandboxStatus,
  RuntimeCondition,
  Strings,
} from "./types.ts";

/** As the kubelet: two minutes for a call that may wait for a plugin or a disk. */
const callTimeout = 120_000;

export interface RuntimeVersion {
  runtimeName: string;
  runtimeVersion: string;
  runtimeApiVersion: string;
}

export interface ExecSyncResult {
  stdout: Buffer;
  stderr: Buffer;
  exitCode: number;
}

export interface CriClient {
  version(): Promise<RuntimeVersion>;
  /** RuntimeReady and NetworkReady. */
  status(): Promise<RuntimeCondition[]>;

  runPodSandbox(config: PodSandboxConfig, runtimeHandler: string, signal?: AbortSignal): Promise<string>;
  stopPodSandbox(id: string): Promise<void>;
  removePodSandbox(id: string): Promise<void>;
  podSandboxStatus(id: string): Promise<PodSandboxStatus | undefined>;
  listPodSandboxes(labels?: Strings): Promise<PodSandbox[]>;

  createContainer(sandboxId: string, config: ContainerConfig, sandbox: PodSandboxConfig, signal?: AbortSignal): Promise<string>;
  startContainer(id: string, signal?: AbortSignal): Promise<void>;
  /** `grace`: whole seconds between TERM and KILL. A container that is gone counts as stopped. */
  stopContainer(id: string, grace: number, signal?: AbortSignal): Promise<void>;
  removeContainer(id: string): Promise<void>;
  listContainers(labels?: Strings): Promise<Container[]>;
  containerStatus(id: string): Promise<ContainerStatus | undefined>;
  updateContainerResources(id: string, linux: LinuxContainerResources): Promise<void>;
  reopenContainerLog(id: string): Promise<void>;

  execSync(id: string, command: readonly string[], timeoutSeconds: number, signal?: AbortSignal): Promise<ExecSyncResult>;
  /** URLs of the runtime's streaming server. */
  exec(id: string, command: readonly string[], streams: StreamOptions): Promise<string>;
  attach(id: string, streams: StreamOptions): Promise<string>;
  portForward(sandboxId: string, ports: readonly number[]): Promise<string>;

  containerStats(): Promise<ContainerStats[]>;
  /** Fails with UNIMPLEMENTED on runtimes without events (containerd 1.6). */
  events(signal: AbortSignal): AsyncIterable<ContainerEvent>;

  listImages(): Promise<Image[]>;
  imageStatus(image: ImageSpec): Promise<Image | undefined>;
  /** The pulled image's id or digest reference. */
  pullImage(image: ImageSpec, auth: AuthConfig | undefined, sandbox: PodSandboxConfig | undefined, signal?: AbortSignal): Promise<string>;
  removeImage(image: ImageSpec): Promise<void>;
  imageFilesystem(): Promise<FilesystemUsage | undefined>;
  close(): void;
}

export interface StreamOptions {
  tty: boolean;
  stdin: boolean;
  stdout: boolean;
  stderr: boolean;
}

/** Opens the runtime at `socket` (a path). The first call connects. */
export async function criClient(socket: string): Promise<CriClient> {
  const descriptor = (await import("../../../facts/grpc/cri-runtime-v1.json", { with: { type: "json" } })).default;
  const [runtime, images] = await Promise.all([
    grpcClient(`unix:${socket}`, descriptor, "runtime.v1.RuntimeService"),
    grpcClient(`unix:${socket}`, descriptor, "runtime.v1.ImageService"),
  ]);
  return {
    ...sandboxCalls(runtime),
    ...containerCalls(runtime),
    ...imageCalls(images),
    version: () => runtime.call("Version", { version: "v1" }, { timeout: callTimeout }),
    status: async () =>
      (await runtime.call<{ status: { conditions: RuntimeCondition[] } }>("Status", {}, { timeout: callTimeout })).status.conditions,
    events: (signal) => runtime.stream<ContainerEvent>("GetContainerEvents", {}, signal),
    close: () => {
      runtime.close();
      images.close();
    },
  };
}

const options = (signal?: AbortSignal, timeout: number = callTimeout): CallOptions => ({ timeout, signal });

async function orUndefined<T>(call: Promise<T>): Promise<T | undefined> {
  try {
    return await call;
  } catch (error) {
    if (isGrpcError(error, grpcCode.notFound)) return undefined;
    throw error;
  }
}

type SandboxCalls = Pick<
  CriClient,
  "runPodSandbox" | "stopPodSandbox" | "removePodSandbox" | "podSandboxStatus" | "listPodSandboxes" | "portForward"
>;

function sandboxCalls(runtime: GrpcClient): SandboxCalls {
  const filter = (labels?: Strings): object => (labels === undefined ? {} : { filter: { labelSelector: labels } });
  return {
    // The network plugin may wait for its daemon: twice the usual time, as the kubelet gives it.
    runPodSandbox: async (config, runtimeHandler, signal) =>
      (await runtime.call<{ podSandboxId: string }>("RunPodSandbox", { config, runtimeHandler }, options(signal, 2 * callTimeout)))
        .podSandboxId,
    stopPodSandbox: async (podSandboxId) => void (await orUndefined(runtime.call("StopPodSandbox", { podSandboxId }, options()))),
    removePodSandbox: async (podSandboxId) => void (await orUndefined(runtime.call("RemovePodSandbox", { podSandboxId }, options()))),
    podSandboxStatus: async (podSandboxId) =>
      (await orUndefined(runtime.call<{ status: PodSandboxStatus }>("PodSandboxStatus", { podSandboxId }, options())))?.status,
    listPodSandboxes: async (labels) => (await runtime.call<{ items: PodSandbox[] }>("ListPodSandbox", filter(labels), options())).items,
    portForward: async (podSandboxId, port) => (await runtime.call<{ url: string }>("PortForward", { podSandboxId, port }, options())).url,
  };
}

type ContainerCalls = Pick<
  CriClient,
  | "createContainer"
  | "startContainer"
  | "stopContainer"
  | "removeContainer"
  | "listContainers"
  | "containerStatus"
  | "updateContainerResources"
  | "reopenContainerLog"
  | "execSync"
  | "exec"
  | "attach"
  | "containerStats"
>;

function containerCalls(runtime: GrpcClient): ContainerCalls {
  return {
    createContainer: async (podSandboxId, config, sandboxConfig, signal) =>
      (await runtime.call<{ containerId: string }>("CreateContainer", { podSandboxId, config, sandboxConfig }, options(signal)))
        .containerId,
    startContainer: async (containerId, signal) => void (await runtime.call("StartContainer", { containerId }, options(signal))),
    stopContainer: async (containerId, timeout, signal) =>
      void (await orUndefined(runtime.call("StopContainer", { containerId, timeout }, options(signal, callTimeout + timeout * 1000)))),
    removeContainer: async (containerId) => void (await orUndefined(runtime.call("RemoveContainer", { containerId }, options()))),
    listContainers: async (labels) =>
      (
        await runtime.call<{ containers: Container[] }>(
          "ListContainers",
          labels === undefined ? {} : { filter: { labelSelector: labels } },
          options(),
        )
      ).containers,
    containerStatus: async (containerId) =>
      (await orUndefined(runtime.call<{ status: ContainerStatus }>("ContainerStatus", { containerId }, options())))?.status,
    updateContainerResources: async (containerId, linux) =>
      void (await runtime.call("UpdateContainerResources", { containerId, linux }, options())),
    reopenContainerLog: async (containerId) => void (await runtime.call("ReopenContainerLog", { containerId }, options())),
    execSync: (containerId, cmd, timeout, signal) =>
      runtime.call("ExecSync", { containerId, cmd, timeout }, options(signal, timeout > 0 ? callTimeout + timeout * 1000 : undefined)),
    exec: async (containerId, cmd, streams) =>
      (await runtime.call<{ url: string }>("Exec", { containerId, cmd, ...streams }, options())).url,
    attach: async (containerId, streams) => (await runtime.call<{ url: string }>("Attach", { containerId, ...streams }, options())).url,
    containerStats: async () => (await runtime.call<{ stats: ContainerStats[] }>("ListContainerStats", {}, options())).stats,
  };
}

type ImageCalls = Pick<CriClient, "listImages" | "imageStatus" | "pullImage" | "removeImage" | "imageFilesystem">;

function imageCalls(images: GrpcClient): ImageCalls {
  return {
    listImages: async () => (await images.call<{ images: Image[] }>("ListImages", {}, options())).images,
    imageStatus: async (image) => (await images.call<{ image: Image | null }>("ImageStatus", { image }, options())).image ?? undefined,
    pullImage: async (image, auth, sandboxConfig, signal) =>
      (await images.call<{ imageRef: string }>("PullImage", { image, auth, sandboxConfig }, { signal })).imageRef,
    removeImage: async (image) => void (await images.call("RemoveImage", { image }, options())),
    imageFilesystem: async () =>
      (await images.call<{ imageFilesystems: FilesystemUsage[] }>("ImageFsInfo", {}, options())).imageFilesystems[0],
  };
}
