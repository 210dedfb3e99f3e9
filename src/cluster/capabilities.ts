/** What this machine offers for real nodes, and what it lacks: a sentence each, with what brings it. */
import { accessSync, constants, existsSync, readFileSync } from "node:fs";
import { delimiter, join } from "node:path";

export interface Need {
  /** The program or privilege. */
  readonly what: string;
  /** Why real pods need it. */
  readonly why: string;
  /** The Debian package that brings it; absent for what no package brings. */
  readonly package?: string;
  readonly present: boolean;
  /** Pods run without it, with less. */
  readonly optional?: boolean;
}

function executable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false; // not there, or not for this user
  }
}

export function findProgram(name: string, path: string = process.env["PATH"] ?? ""): string | undefined {
  for (const dir of [...path.split(delimiter), "/usr/sbin", "/sbin", "/usr/local/sbin"]) {
    const file = join(dir, name);
    if (executable(file)) return file;
  }
  return undefined;
}

const programs: readonly { what: string; why: string; package: string; optional?: boolean }[] = [
  { what: "containerd", why: "runs the containers", package: "containerd" },
  { what: "runc", why: "starts each container", package: "runc" },
  { what: "nft", why: "services and masquerade", package: "nftables" },
  { what: "ip", why: "links, addresses and routes of nodes and pods", package: "iproute2" },
  { what: "nsenter", why: "nodes of their own on one machine", package: "util-linux" },
  { what: "mount", why: "volumes", package: "mount" },
  { what: "busybox", why: "the image of the demo", package: "busybox-static", optional: true },
  { what: "conntrack", why: "forgets UDP connections to pods that went", package: "conntrack", optional: true },
];

function filesystems(): string {
  return existsSync("/proc/filesystems") ? readFileSync("/proc/filesystems", "utf8") : "";
}

/** Everything real nodes need here. `containerd`: a path given by the user, instead of the one on PATH. */
export function needs(containerd?: string): Need[] {
  const linux = process.platform === "linux";
  const root = process.getuid?.() === 0;
  return [
    { what: "Linux", why: "containers are a matter of its kernel", present: linux },
    { what: "root", why: "namespaces, mounts and control groups", present: root },
    ...programs.map((p) => ({
      ...p,
      present: p.what === "containerd" && containerd !== undefined ? executable(containerd) : findProgram(p.what) !== undefined,
    })),
    { what: "overlayfs", why: "layers of images without copying", present: linux && /\boverlay$/m.test(filesystems()), optional: true },
  ];
}

export function missing(containerd?: string): Need[] {
  return needs(containerd).filter((n) => !n.present && n.optional !== true);
}

/** `this needs root; containerd is missing (Debian package containerd)` */
export function describeMissing(lacking: readonly Need[]): string {
  return lacking
    .map((n) =>
      n.package === undefined
        ? n.what === "root"
          ? "this needs root"
          : `this needs ${n.what}`
        : `${n.what} is missing (Debian package ${n.package})`,
    )
    .join("; ");
}
