/**
 * What `tsukube up` can be told, as a plain object, and one `resolve` that checks everything at once.
 * What was chosen at the first `up` is kept in the data directory; a later `up` starts from there.
 */
import { createHash } from "node:crypto";
import { homedir } from "node:os";
import { isAbsolute, join, resolve } from "node:path";
import { mergeFlagArguments, resolveApiServerFlags } from "./api-server-flags/index.ts";
import { formatCidr, overlaps, parseCidr, type Cidr } from "./cidr.ts";
import { UsageError } from "./usage-error.ts";

export { UsageError } from "./usage-error.ts";

export interface UpOptions {
  /** The cluster's name: a DNS label. Default `dev`. */
  name?: string | undefined;
  /** Real nodes. Default: 1 where root and containerd allow it, else 0. */
  nodes?: number | undefined;
  /** Simulated nodes. Default: 1 where there is no real one and none was asked for, else 0. */
  simulatedNodes?: number | undefined;
  dataDir?: string | undefined;
  /** The API server's port. Default 6443. */
  port?: number | undefined;
  podCidr?: string | undefined;
  serviceCidr?: string | undefined;
  /** Which of the default ranges to take where none are given: 0 is the name's own, see {@link defaultRanges}. */
  rangeTurn?: number | undefined;
  /** `embedded` (default), `memory` or `etcd=URL,URL`. */
  store?: string | undefined;
  /** The containerd executable for the nodes. Default: the one on PATH. */
  containerd?: string | undefined;
  /** `NAME=VALUE` of kube-apiserver's flags; `NAME-` takes back what was said earlier. */
  kubeApiserverArgs?: readonly string[] | undefined;
}

/** Everything decided. Kept as `cluster.json`. */
export interface ClusterConfig {
  /** Of this file's layout; a newer one is refused. */
  format: 1;
  name: string;
  dataDir: string;
  port: number;
  nodes: number;
  simulatedNodes: number;
  /** Pods get addresses from here, a /24 a node. */
  podCidr: string;
  serviceCidr: string;
  /** The machines' own network: `.1` is the host, `.11` the first node. */
  nodeCidr: string;
  store: StoreChoice;
  containerd?: string | undefined;
  /** `NAME=VALUE` of kube-apiserver's flags, as `resolveApiServerFlags` reads them. */
  kubeApiserverArgs?: readonly string[] | undefined;
  /** Kubeconfig files that hold a context of this cluster. */
  kubeconfigs?: readonly string[] | undefined;
}

/** What is wrong with a value that should be a {@link ClusterConfig} of this format, as the end of a sentence; undefined: nothing. */
export function configFault(value: unknown): string | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return "it is not an object";
  const config = value as Record<string, unknown>;
  if (config["format"] !== 1) return 'its field "format" is not 1';
  const whole = (field: string): boolean => Number.isInteger(config[field]) && (config[field] as number) >= 0;
  const range = (field: string): boolean => {
    try {
      parseCidr(String(config[field]));
      return true;
    } catch {
      return false;
    }
  };
  const name = config["name"];
  const store = config["store"] as { kind?: unknown; endpoints?: unknown } | null | undefined;
  const bad = [
    ...(typeof name === "string" && namePattern.test(name) ? [] : ["name"]),
    ...["port", "nodes", "simulatedNodes"].filter((f) => !whole(f)),
    ...["podCidr", "serviceCidr", "nodeCidr"].filter((f) => !range(f)),
    ...(config["kubeApiserverArgs"] === undefined || isTexts(config["kubeApiserverArgs"]) ? [] : ["kubeApiserverArgs"]),
    ...(store?.kind === "embedded" || store?.kind === "memory" || isEtcd(store) ? [] : ["store"]),
  ];
  return bad.length === 0
    ? undefined
    : `${bad.map((f) => JSON.stringify(f)).join(", ")} ${bad.length === 1 ? "is" : "are"} not what tsukube writes`;
}

function isTexts(value: unknown): boolean {
  return Array.isArray(value) && value.every((item) => typeof item === "string");
}

function isEtcd(store: { kind?: unknown; endpoints?: unknown } | null | undefined): boolean {
  return store?.kind === "etcd" && Array.isArray(store.endpoints) && store.endpoints.length > 0;
}

export type StoreChoice = { kind: "embedded" } | { kind: "memory" } | { kind: "etcd"; endpoints: string[] };

export function defaultDataDir(name: string, env: NodeJS.ProcessEnv = process.env): string {
  const base = env["XDG_DATA_HOME"];
  return join(base && isAbsolute(base) ? base : join(homedir(), ".local", "share"), "tsukube", name);
}

/** The options that mean this cluster on a command line: empty, ` --name NAME` or ` --data-dir DIR`. */
export function clusterFlags(config: Pick<ClusterConfig, "name" | "dataDir">): string {
  if (config.dataDir !== defaultDataDir(config.name)) return ` --data-dir ${config.dataDir}`;
  return config.name === "dev" ? "" : ` --name ${config.name}`;
}

const namePattern = /^[a-z0-9]([-a-z0-9]{0,38}[a-z0-9])?$/;

export function checkName(name: string): string {
  if (!namePattern.test(name)) {
    throw new UsageError(
      `--name: ${JSON.stringify(name)} is not a name for a cluster: use at most 40 lower-case letters, digits and dashes, beginning and ending with a letter or digit`,
    );
  }
  return name;
}

/**
 * The configuration for this `up`: options over what the data directory remembers over defaults.
 * @throws UsageError that names every fault, a line each
 */
export function resolveConfig(options: UpOptions, stored: ClusterConfig | undefined): ClusterConfig {
  const faults: string[] = [];
  const attempt = <T>(make: () => T, otherwise: T): T => {
    try {
      return make();
    } catch (error) {
      faults.push((error as Error).message);
      return otherwise;
    }
  };
  const name = attempt(() => checkName(options.name ?? stored?.name ?? "dev"), "dev");
  const count = (flag: string, value: number | undefined, max: number): number | undefined => {
    if (value === undefined || (Number.isInteger(value) && value >= 0 && value <= max)) return value;
    faults.push(`${flag}: ${value} is not a number of nodes; give one from 0 to ${max}`);
    return 0;
  };
  const nodes = count("--nodes", options.nodes, 100);
  const simulatedNodes = count("--simulated-nodes", options.simulatedNodes, 10_000);
  const port = options.port ?? stored?.port ?? 6443;
  if (!Number.isInteger(port) || port < 1 || port > 65535) faults.push(`--port: ${port} is not a port; give a number from 1 to 65535`);
  const ranges = defaultRanges(name, options.rangeTurn);
  const network = (flag: string, text: string, minBits: number, maxBits: number): Cidr =>
    attempt(() => checkRange(flag, text, minBits, maxBits), parseCidr("10.0.0.0/16"));
  const podCidr = network("--pod-cidr", options.podCidr ?? stored?.podCidr ?? ranges.podCidr, 8, 23);
  const serviceCidr = network("--service-cidr", options.serviceCidr ?? stored?.serviceCidr ?? ranges.serviceCidr, 12, 28);
  const nodeCidr = parseCidr(stored?.nodeCidr ?? ranges.nodeCidr);
  for (const [a, b, x, y] of [
    ["--pod-cidr", "--service-cidr", podCidr, serviceCidr],
    ["--pod-cidr", "the nodes' own network", podCidr, nodeCidr],
    ["--service-cidr", "the nodes' own network", serviceCidr, nodeCidr],
  ] as const) {
    if (faults.length === 0 && overlaps(x, y)) faults.push(`${a}: ${formatCidr(x)} overlaps ${b} ${formatCidr(y)}; choose ranges apart`);
  }
  const store = attempt<StoreChoice>(
    () => (options.store === undefined ? (stored?.store ?? { kind: "embedded" }) : parseStore(options.store)),
    { kind: "memory" },
  );
  const kubeApiserverArgs = mergeFlagArguments(stored?.kubeApiserverArgs ?? [], options.kubeApiserverArgs ?? []);
  attempt(() => void resolveApiServerFlags(kubeApiserverArgs), undefined);
  if (stored !== undefined && options.name !== undefined && options.name !== stored.name) {
    faults.push(
      `--name: ${stored.dataDir} holds the cluster ${JSON.stringify(stored.name)}; leave the option out, or give ${JSON.stringify(name)} a --data-dir of its own`,
    );
  }
  if (stored !== undefined) {
    const kept = (flag: string, given: string | undefined, now: string, before: string, why: string): void => {
      if (given === undefined || now === before) return;
      faults.push(
        `${flag}: this cluster was made with ${before}, ${why}; leave the option out, or \`tsukube down${clusterFlags(stored)} --purge\` first`,
      );
    };
    kept("--service-cidr", options.serviceCidr, formatCidr(serviceCidr), stored.serviceCidr, "and services hold its addresses");
    kept("--pod-cidr", options.podCidr, formatCidr(podCidr), stored.podCidr, "and nodes hold parts of it");
    if (stored.store.kind !== "memory") kept("--store", options.store, store.kind, stored.store.kind, "and its objects are there");
  }
  if (faults.length > 0) throw new UsageError(faults.join("\n"));
  return {
    format: 1,
    name,
    dataDir: resolve(options.dataDir ?? stored?.dataDir ?? defaultDataDir(name)),
    port,
    nodes: nodes ?? (simulatedNodes === undefined ? (stored?.nodes ?? -1) : 0),
    simulatedNodes: simulatedNodes ?? (nodes === undefined ? (stored?.simulatedNodes ?? -1) : 0),
    podCidr: formatCidr(podCidr),
    serviceCidr: formatCidr(serviceCidr),
    nodeCidr: formatCidr(nodeCidr),
    store,
    containerd: options.containerd === undefined ? stored?.containerd : resolve(options.containerd),
    ...(kubeApiserverArgs.length === 0 ? {} : { kubeApiserverArgs }),
    ...(stored?.kubeconfigs === undefined ? {} : { kubeconfigs: stored.kubeconfigs }),
  };
}

function checkRange(flag: string, text: string, minBits: number, maxBits: number): Cidr {
  let range: Cidr;
  try {
    range = parseCidr(text);
  } catch {
    throw new UsageError(`${flag}: ${JSON.stringify(text)} is not an IPv4 range; write it like 10.20.0.0/16`);
  }
  if (range.bits < minBits || range.bits > maxBits)
    throw new UsageError(
      `${flag}: ${text} is too ${range.bits < minBits ? "large" : "small"}; give a prefix from /${minBits} to /${maxBits}`,
    );
  return range;
}

function parseStore(text: string): StoreChoice {
  if (text === "embedded" || text === "memory") return { kind: text };
  if (text.startsWith("etcd=")) return { kind: "etcd", endpoints: parseEndpoints(text.slice(5)) };
  throw new UsageError(`--store: ${JSON.stringify(text)} is not a store; use embedded, memory or etcd=URL,URL`);
}

function parseEndpoints(text: string): string[] {
  const endpoints = text.split(",").map((url) => url.replace(/\/$/, ""));
  for (const url of endpoints) {
    if (!/^https?:\/\/[^/?#,\s]+$/.test(url) || !URL.canParse(url)) {
      throw new UsageError(
        `--store: ${JSON.stringify(url)} is no address of etcd; write it like etcd=http://10.0.0.1:2379,http://10.0.0.2:2379`,
      );
    }
  }
  if (new Set(endpoints.map((url) => url.split(":")[0])).size > 1) {
    throw new UsageError("--store: the addresses of etcd must be all http or all https");
  }
  return endpoints;
}

/** How many sets of default ranges there are. */
export const rangeTurns = 60;

/**
 * Ranges drawn from the name, so that clusters of different names live side by side: one of 60 second octets for each of
 * the three networks (10.64–10.123 pods, 10.128–10.187 services, 10.192–10.251 nodes). `turn`: the next ones, for where the first
 * are taken.
 */
export function defaultRanges(name: string, turn = 0): { podCidr: string; serviceCidr: string; nodeCidr: string } {
  const n = (createHash("sha256").update(name).digest().readUInt32BE(0) + turn) % rangeTurns;
  return { podCidr: `10.${64 + n}.0.0/16`, serviceCidr: `10.${128 + n}.0.0/16`, nodeCidr: `10.${192 + n}.0.0/24` };
}
