/**
 * The host's side of the nodes' network: one bridge a cluster, with the host at `.1`; masquerade for what leaves the
 * cluster's ranges; a route to each node's pods. Everything carries the cluster's name and is found again by it.
 */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { addressAt, overlaps, parseCidr } from "../cidr.ts";
import type { ClusterConfig } from "../options.ts";
import { attempt, run } from "../../host/commands.ts";

/** At most 15 characters, as the kernel wants; drawn from name and data directory, so that two users' `dev` do not meet. */
export function bridgeName(config: Pick<ClusterConfig, "name" | "dataDir">): string {
  return `tsk${createHash("sha256").update(`${config.name}\n${config.dataDir}`).digest("hex").slice(0, 8)}`;
}

export function hostAddress(config: Pick<ClusterConfig, "nodeCidr">): string {
  return addressAt(parseCidr(config.nodeCidr), 1);
}

export function nodeAddress(config: Pick<ClusterConfig, "nodeCidr">, index: number): string {
  return addressAt(parseCidr(config.nodeCidr), 10 + index);
}

interface RouteRow {
  dst: string;
  dev?: string;
}

/** A range of the cluster that the host routes already through something else, as a sentence; undefined when all are free. */
export async function occupiedRange(config: ClusterConfig): Promise<string | undefined> {
  const bridge = bridgeName(config);
  const routes = JSON.parse(await run("ip", ["-json", "-4", "route", "show", "table", "main"])) as RouteRow[];
  for (const [flag, range] of [
    ["--pod-cidr", config.podCidr],
    ["--service-cidr", config.serviceCidr],
    ["the nodes' own network", config.nodeCidr],
  ] as const) {
    for (const route of routes) {
      if (route.dst === "default" || route.dev === bridge) continue;
      const dst = parseCidr(route.dst.includes("/") ? route.dst : `${route.dst}/32`);
      if (overlaps(parseCidr(range), dst)) {
        return `${flag} ${range} is routed already (${route.dst}${route.dev ? ` on ${route.dev}` : ""}); choose free ranges with --pod-cidr and --service-cidr, or another --name`;
      }
    }
  }
  return undefined;
}

const table = (config: Pick<ClusterConfig, "name" | "dataDir">): string => `tsukube_${bridgeName(config)}`;
const forwardSwitch = "/proc/sys/net/ipv4/ip_forward";

/** What has to be put back when the cluster goes. */
export interface HostNetworkUndo {
  ipForwardWas: string;
}

/** To be kept on disk before anything is changed, so that a crash does not forget it. */
export function hostNetworkBefore(): HostNetworkUndo {
  return { ipForwardWas: readFileSync(forwardSwitch, "utf8").trim() };
}

/** Makes the bridge and its rules, or takes over those that are there. */
export async function ensureHostNetwork(config: ClusterConfig): Promise<void> {
  const bridge = bridgeName(config);
  const bits = parseCidr(config.nodeCidr).bits;
  if (!(await attempt("ip", ["link", "show", "dev", bridge]))) {
    await run(
      "ip",
      ["-batch", "-"],
      `link add ${bridge} type bridge\naddr add ${hostAddress(config)}/${bits} dev ${bridge}\nlink set ${bridge} up\n`,
    );
  }
  if (hostNetworkBefore().ipForwardWas !== "1") writeFileSync(forwardSwitch, "1");
  const t = table(config);
  const inside = `{ ${config.podCidr}, ${config.nodeCidr} }`;
  await run(
    "nft",
    ["-f", "-"],
    `table ip ${t} {}
delete table ip ${t}
table ip ${t} {
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    ip saddr ${inside} ip daddr != { ${config.podCidr}, ${config.serviceCidr}, ${config.nodeCidr} } oifname != "${bridge}" masquerade
  }
  chain forward {
    type filter hook forward priority filter - 5; policy accept;
    iifname "${bridge}" accept
    oifname "${bridge}" accept
  }
}
`,
  );
}

/** Sends what is for a node's pods over the bridge to that node. */
export async function routeToPods(config: ClusterConfig, podCidr: string, nodeIp: string): Promise<void> {
  await run("ip", ["route", "replace", podCidr, "via", nodeIp, "dev", bridgeName(config)]);
}

export async function removeHostNetwork(config: ClusterConfig, undo: HostNetworkUndo | undefined): Promise<void> {
  await attempt("ip", ["link", "del", bridgeName(config)]);
  await attempt("nft", ["delete", "table", "ip", table(config)]);
  const others = readdirSync("/sys/class/net").some((link) => /^tsk[0-9a-f]{8}$/.test(link));
  if (undo !== undefined && undo.ipForwardWas !== "1" && !others) writeFileSync(forwardSwitch, undo.ipForwardWas);
}
