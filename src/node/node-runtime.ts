/** The node's container runtime with what it needs beside it: the machine's images, and the mirror that serves them to it. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ensureContainerd, runningContainerd, type ContainerdOptions } from "./containerd.ts";
import { criClient, type CriClient } from "./cri/cri-client.ts";
import { ImageStore } from "./images/image-store.ts";
import { startMirror, type Mirror } from "./images/mirror.ts";
import type { NodeAgentOptions } from "./options.ts";
import type { NodePaths } from "./paths.ts";
import { sandboxImage, storeSandboxImage } from "./sandbox-image.ts";

export interface NodeRuntime {
  readonly cri: CriClient;
  readonly socket: string;
  readonly store: ImageStore;
  readonly mirror: Mirror;
  /** Starts containerd again when it has ended; its containers have not. */
  revive(): Promise<void>;
}

/** The mirror keeps its port over restarts: containerd's configuration names it, and containerd goes on running. */
export async function startNodeRuntime(options: NodeAgentOptions, paths: NodePaths): Promise<NodeRuntime> {
  const store = new ImageStore(options.imageStore ?? join(options.dataDir, "images"));
  storeSandboxImage(store);
  if ("socket" in options.runtime) {
    const mirror = await startMirror(store);
    return { cri: await criClient(options.runtime.socket), socket: options.runtime.socket, store, mirror, revive: () => Promise.resolve() };
  }
  const mirror = await startMirror(store, rememberedPort(paths.containerd)).catch(() => startMirror(store));
  const containerd: ContainerdOptions = {
    binary: options.runtime.containerd,
    directory: paths.containerd,
    sandboxImage,
    mirrorPort: mirror.port,
    cniBinDir: options.cniBinDir ?? join(options.dataDir, "cni", "bin"),
    cniConfDir: options.cniConfDir ?? join(options.dataDir, "cni", "net.d"),
  };
  const { socket } = await ensureContainerd(containerd);
  let reviving: Promise<unknown> | undefined;
  return {
    cri: await criClient(socket),
    socket,
    store,
    mirror,
    revive: async () => {
      if (reviving !== undefined || runningContainerd(paths.containerd) !== undefined) return;
      reviving = ensureContainerd(containerd).finally(() => (reviving = undefined));
      await reviving;
    },
  };
}

function rememberedPort(directory: string): number {
  const hosts = join(directory, "registries", "_default", "hosts.toml");
  if (!existsSync(hosts)) return 0;
  return Number(/127\.0\.0\.1:(\d+)/.exec(readFileSync(hosts, "utf8"))?.[1] ?? 0);
}

/** `containerd 1.6.20` */
export async function describeRuntime(cri: CriClient): Promise<string> {
  const { runtimeName, runtimeVersion } = await cri.version();
  return `${runtimeName} ${runtimeVersion}`;
}
