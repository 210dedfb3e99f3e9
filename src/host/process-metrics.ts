/** What the process tells of itself, under the names of Prometheus' Go client where they mean something here. */
import { readdirSync, readFileSync } from "node:fs";
import { getHeapSpaceStatistics, getHeapStatistics } from "node:v8";
import type { MetricsRegistry } from "../core/metrics.ts";

function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return ""; // not Linux, or not for us
  }
}

function entries(directory: string): number {
  try {
    return readdirSync(directory).length;
  } catch {
    return 0; // not Linux
  }
}

/** Adds them; they are looked at when metrics are read. */
export function addProcessMetrics(registry: MetricsRegistry): void {
  const gauge = (name: string, help: string): ReturnType<MetricsRegistry["gauge"]> => registry.gauge(name, help);
  const virtual = gauge("process_virtual_memory_bytes", "Virtual memory size in bytes.");
  const virtualMax = gauge("process_virtual_memory_max_bytes", "Maximum amount of virtual memory available in bytes.");
  const open = gauge("process_open_fds", "Number of open file descriptors.");
  const maxOpen = gauge("process_max_fds", "Maximum number of open file descriptors.");
  const received = registry.counter("process_network_receive_bytes_total", "Number of bytes received by the process over the network.");
  const sent = registry.counter("process_network_transmit_bytes_total", "Number of bytes sent by the process over the network.");
  registry.gauge("go_info", "Information about the runtime: here Node.js.", ["version"]).set(1, { version: `node ${process.version}` });
  const threads = gauge("go_threads", "Number of OS threads created.");
  const waits = gauge("go_goroutines", "Number of things that the event loop waits for.");
  const allocated = gauge("go_memstats_alloc_bytes", "Number of bytes allocated in heap and currently in use.");
  const heapAllocated = gauge("go_memstats_heap_alloc_bytes", "Number of heap bytes allocated and currently in use.");
  const heapInUse = gauge("go_memstats_heap_inuse_bytes", "Number of heap bytes that are in use.");
  const heapIdle = gauge("go_memstats_heap_idle_bytes", "Number of heap bytes waiting to be used.");
  const heapSystem = gauge("go_memstats_heap_sys_bytes", "Number of heap bytes obtained from system.");
  const system = gauge("go_memstats_sys_bytes", "Number of bytes obtained from system.");
  const limit = gauge("go_gc_gomemlimit_bytes", "Limit of the heap.");
  const [openLimit, memoryLimit] = limits();
  registry.onCollect(() => {
    virtual.set(statusOf("VmSize"));
    virtualMax.set(memoryLimit);
    open.set(entries("/proc/self/fd"));
    maxOpen.set(openLimit);
    const network = traffic();
    received.cell().value = network.received;
    sent.cell().value = network.sent;
    threads.set(entries("/proc/self/task"));
    waits.set(process.getActiveResourcesInfo().length);
    const heap = getHeapStatistics();
    const used = getHeapSpaceStatistics().reduce((sum, space) => sum + space.space_used_size, 0);
    allocated.set(heap.used_heap_size + heap.external_memory);
    heapAllocated.set(heap.used_heap_size);
    heapInUse.set(used);
    heapIdle.set(heap.total_heap_size - used);
    heapSystem.set(heap.total_heap_size);
    system.set(process.memoryUsage.rss());
    limit.set(heap.heap_size_limit);
  });
}

/** A field of /proc/self/status, in bytes. */
function statusOf(field: string): number {
  return Number(new RegExp(`^${field}:\\s+(\\d+)`, "m").exec(read("/proc/self/status"))?.[1] ?? 0) * 1024;
}

/** Open files and bytes of memory at most. */
function limits(): [files: number, memory: number] {
  const text = read("/proc/self/limits");
  const of = (name: string): number => {
    const value = new RegExp(`^${name}\\s+(\\S+)`, "m").exec(text)?.[1];
    return value === undefined || value === "unlimited" ? 2 ** 64 : Number(value);
  };
  return [of("Max open files"), of("Max address space")];
}

/** Bytes over all interfaces of the process's network namespace, as the Go client counts them. */
function traffic(): { received: number; sent: number } {
  const total = { received: 0, sent: 0 };
  for (const line of read("/proc/self/net/dev").split("\n").slice(2)) {
    const fields = line.split(":")[1]?.trim().split(/\s+/);
    total.received += Number(fields?.[0] ?? 0);
    total.sent += Number(fields?.[8] ?? 0);
  }
  return total;
}
