/** What this machine is and has, as a Node object tells it. */
import { existsSync, readFileSync, readdirSync, statfsSync } from "node:fs";
import { arch, cpus, hostname, release } from "node:os";
import type { NodeSystemInfo } from "../../schema/types/core-v1.ts";

export interface MachineFacts {
  readonly cpus: number;
  /** Bytes. */
  readonly memory: number;
  readonly diskCapacity: number;
  /** `amd64`, `arm64`. */
  readonly architecture: string;
  readonly hugepages: Readonly<Record<string, string>>;
}

const architectures: Record<string, string> = {
  x64: "amd64",
  arm64: "arm64",
  arm: "arm",
  ppc64: "ppc64le",
  s390x: "s390x",
  riscv64: "riscv64",
};

export function goArchitecture(): string {
  return architectures[arch()] ?? arch();
}

/** `disk`: a directory on the file system that pods write to. */
export function machineFacts(disk: string): MachineFacts {
  const { blocks, bsize } = statfsSync(disk);
  return {
    cpus: Math.max(1, cpus().length),
    memory: memoryTotal(),
    diskCapacity: blocks * bsize,
    architecture: goArchitecture(),
    hugepages: hugepages(),
  };
}

function memoryTotal(): number {
  const match = /^MemTotal:\s+(\d+) kB$/m.exec(readFileSync("/proc/meminfo", "utf8"));
  return Number(match?.[1] ?? 0) * 1024;
}

export function memoryAvailable(): number {
  const match = /^MemAvailable:\s+(\d+) kB$/m.exec(readFileSync("/proc/meminfo", "utf8"));
  return Number(match?.[1] ?? 0) * 1024;
}

/** `hugepages-2Mi` → what the kernel has set aside of that size. */
function hugepages(): Record<string, string> {
  const root = "/sys/kernel/mm/hugepages";
  if (!existsSync(root)) return {};
  const found: Record<string, string> = {};
  for (const name of readdirSync(root)) {
    const kilobytes = Number(/^hugepages-(\d+)kB$/.exec(name)?.[1] ?? 0);
    if (kilobytes === 0) continue;
    const count = Number(readFileSync(`${root}/${name}/nr_hugepages`, "utf8"));
    const size = kilobytes >= 1048576 ? `${kilobytes / 1048576}Gi` : kilobytes >= 1024 ? `${kilobytes / 1024}Mi` : `${kilobytes}Ki`;
    found[`hugepages-${size}`] = count === 0 ? "0" : `${count * kilobytes}Ki`;
  }
  return found;
}

export function systemInfo(runtimeVersion: string, kubeletVersion: string): NodeSystemInfo {
  return {
    machineID: readText("/etc/machine-id"),
    systemUUID: readText("/sys/class/dmi/id/product_uuid") || readText("/etc/machine-id"),
    bootID: readText("/proc/sys/kernel/random/boot_id"),
    kernelVersion: release(),
    osImage: /^PRETTY_NAME="?(.*?)"?$/m.exec(readText("/etc/os-release"))?.[1] ?? "Linux",
    containerRuntimeVersion: runtimeVersion,
    kubeletVersion,
    kubeProxyVersion: "",
    operatingSystem: "linux",
    architecture: goArchitecture(),
  };
}

function readText(path: string): string {
  return existsSync(path) ? readFileSync(path, "utf8").trim() : "";
}

export function machineHostname(): string {
  return hostname();
}
