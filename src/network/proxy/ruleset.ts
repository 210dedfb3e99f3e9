/**
 * The table `tsukube` of a node and how it changes. Everything that grows with the cluster is data in maps: a chain with
 * an anonymous map a Service makes the kernel walk every set of the table at each load (10,000 Services: 24 s against 0.3 s).
 *
 * `services`: address . protocol . port → chain for its number of endpoints; the chain draws an index and finds the endpoint
 * under `backends`. With session affinity it looks first for what the client had (`affinity`, an id with a time-out, kept in
 * the connection's mark), and remembers what it draws. `nodeports` likewise, for any local address. The ports' type is that of any transport's header: with TCP's, nft would bind every rule that uses the map to TCP.
 * What finds no entry keeps its service address and meets the filter chains, which refuse it.
 */
import type { MapName, ProxyPlan, SetName } from "./plan.ts";

export interface TableOptions {
  /** This node's and the whole cluster's pod ranges, the services' and the nodes' ranges. */
  podCidr: string;
  clusterPodCidr: string;
  serviceCidr: string;
  nodeCidr: string;
  /** The address of cluster DNS, which the node answers itself. */
  dnsAddress: string;
}

export const tableName = "tsukube";

/** Marks what is to be masqueraded on its way out; upstream's bit. */
const mark = "0x4000";
const unmarked = "0xffffbfff";

const dispatch = `
    ip daddr . meta l4proto . th dport vmap @services
    ip daddr != 127.0.0.0/8 fib daddr type local meta l4proto . th dport vmap @nodeports
    fib daddr type local dnat ip to ip daddr . meta l4proto . th dport map @hostports-at
    fib daddr type local dnat ip to meta l4proto . th dport map @hostports`;

/** The empty table, replacing what was there before in one transaction. */
export function baseRuleset(o: TableOptions): string {
  const t = `ip ${tableName}`;
  return `table ${t} {}
delete table ${t}
table ${t} {
  map services { typeof ip daddr . meta l4proto . th dport : verdict; }
  map backends { typeof ip daddr . meta l4proto . th dport . numgen random mod 65536 : ip daddr . th dport; }
  map nodeports { typeof meta l4proto . th dport : verdict; }
  map nodeport-backends { typeof meta l4proto . th dport . numgen random mod 65536 : ip daddr . th dport; }
  map sticky-backends { typeof ip daddr . meta l4proto . th dport . numgen random mod 65536 : ct mark; }
  map sticky-nodeport-backends { typeof meta l4proto . th dport . numgen random mod 65536 : ct mark; }
  map sticky-endpoints { typeof ct mark : ip daddr . th dport; }
  map affinity { typeof ip saddr . ip daddr . meta l4proto . th dport : ct mark; flags dynamic,timeout; timeout 3h; size 1048576; }
  map without-endpoints { typeof ip daddr . meta l4proto . th dport : verdict; }
  map nodeports-without-endpoints { typeof meta l4proto . th dport : verdict; }
  map hostports { typeof meta l4proto . th dport : ip daddr . th dport; }
  map hostports-at { typeof ip daddr . meta l4proto . th dport : ip daddr . th dport; }
  set hostports-hairpin { typeof ip saddr . ip daddr; }
  set cluster-ips { typeof ip daddr; }
  set hairpin { typeof ip saddr . ip daddr; }
  chain refuse {
    meta l4proto tcp reject with tcp reset
    reject
  }
  chain check {
    ip daddr . meta l4proto . th dport vmap @without-endpoints
    ip daddr @cluster-ips goto refuse
    ip daddr ${o.serviceCidr} ip daddr != ${o.dnsAddress} drop
    fib daddr type local meta l4proto . th dport vmap @nodeports-without-endpoints
  }
  chain input {
    type filter hook input priority filter - 5; policy accept;
    ct state new goto check
  }
  chain forward {
    type filter hook forward priority filter - 5; policy accept;
    ct state new goto check
  }
  chain filter-output {
    type filter hook output priority filter - 5; policy accept;
    ct state new goto check
  }
  chain prerouting {
    type nat hook prerouting priority dstnat; policy accept;
    ip daddr ${o.serviceCidr} ip saddr != ${o.clusterPodCidr} meta mark set meta mark or ${mark}${dispatch}
  }
  chain output {
    type nat hook output priority -100; policy accept;${dispatch}
  }
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    meta mark and ${mark} != 0 meta mark set meta mark and ${unmarked} masquerade fully-random
    ct status dnat ip saddr . ip daddr @hairpin masquerade
    ct status dnat ip saddr . ip daddr @hostports-hairpin masquerade
    ct status dnat ip saddr 127.0.0.0/8 oifname != "lo" masquerade
    ip saddr ${o.podCidr} ip daddr != { ${o.clusterPodCidr}, ${o.nodeCidr}, ${o.serviceCidr} } masquerade
  }
}
`;
}

/** The rules of a shared chain, told by its name: see `chain` in `plan.ts`. */
export function chainRules(name: string): string {
  const m = /^(m?)(n?)(?:r(\d+)|h(\d+)t(\d+))$/.exec(name);
  if (m === null) throw new Error(`not a chain of the service proxy: ${name}`);
  const [, masquerade, nodePort, random, sticky, seconds] = m;
  if (masquerade) return `meta mark set meta mark or ${mark}; goto ${name.slice(1)};`;
  const key = nodePort ? "meta l4proto . th dport" : "ip daddr . meta l4proto . th dport";
  if (random) return `dnat ip to ${key} . numgen random mod ${random} map @${nodePort ? "nodeport-backends" : "backends"};`;
  const client = "ip saddr . ip daddr . meta l4proto . th dport";
  const remember = `update @affinity { ${client} timeout ${seconds}s : ct mark }`;
  const translate = "meta l4proto { tcp, udp, sctp } dnat ip to ct mark map @sticky-endpoints";
  return [
    `ct mark set ${client} map @affinity ${remember} ${translate};`,
    `ct mark set ${key} . numgen random mod ${sticky} map @${nodePort ? "sticky-nodeport-backends" : "sticky-backends"};`,
    `${remember};`,
    `${translate};`,
  ].join(" ");
}

/** The commands that lead from one plan to the next; empty when there is nothing to do. Chains stay: others may come to use them. */
export function changes(from: ProxyPlan, to: ProxyPlan): string {
  const chains: string[] = [];
  const removed: string[] = [];
  const added: string[] = [];
  // An inner chain stands before the masquerading one that goes to it.
  for (const c of [...to.chains].sort((a, b) => a.length - b.length)) {
    if (!from.chains.has(c)) chains.push(`add chain ip ${tableName} ${c} { ${chainRules(c)} }`);
  }
  for (const name of Object.keys(to.maps) as MapName[]) {
    const [old, now] = [from.maps[name], to.maps[name]];
    const gone = [...old].filter(([k, v]) => now.get(k) !== v).map(([k]) => k);
    const fresh = [...now].filter(([k, v]) => old.get(k) !== v).map(([k, v]) => `${k} : ${v}`);
    if (gone.length > 0) removed.push(`delete element ip ${tableName} ${name} { ${gone.join(", ")} }`);
    if (fresh.length > 0) added.push(`add element ip ${tableName} ${name} { ${fresh.join(", ")} }`);
  }
  for (const name of Object.keys(to.sets) as SetName[]) {
    const [old, now] = [from.sets[name], to.sets[name]];
    const gone = [...old].filter((k) => !now.has(k));
    const fresh = [...now].filter((k) => !old.has(k));
    if (gone.length > 0) removed.push(`delete element ip ${tableName} ${name} { ${gone.join(", ")} }`);
    if (fresh.length > 0) added.push(`add element ip ${tableName} ${name} { ${fresh.join(", ")} }`);
  }
  return [...chains, ...removed, ...added].map((l) => `${l}\n`).join("");
}

/** A flow that connection tracking must forget: to `port` of `address` (a node port has none), sent on to `backend`. */
export interface StaleFlow {
  readonly address: string | undefined;
  readonly port: string;
  readonly backend: string;
}

/** UDP endpoints by what leads to them: `address port`, or ` port` for a node port → `address . port` of each. */
function udpBackends(plan: ProxyPlan): Map<string, Set<string>> {
  const all = new Map<string, Set<string>>();
  const put = (key: string, nodePort: boolean, backend: string): void => {
    const parts = nodePort ? ["", ...key.split(" . ")] : key.split(" . ");
    const [address = "", protocol, port = ""] = parts;
    if (protocol !== "udp") return;
    const front = `${address} ${port}`;
    let set = all.get(front);
    if (set === undefined) all.set(front, (set = new Set()));
    set.add(backend);
  };
  for (const [key, backend] of plan.maps.backends) put(key, false, backend);
  for (const [key, backend] of plan.maps["nodeport-backends"]) put(key, true, backend);
  const endpoint = (id: string): string => plan.maps["sticky-endpoints"].get(id) ?? "";
  for (const [key, id] of plan.maps["sticky-backends"]) put(key, false, endpoint(id));
  for (const [key, id] of plan.maps["sticky-nodeport-backends"]) put(key, true, endpoint(id));
  return all;
}

/** UDP endpoints that are no longer behind an address: their connection-tracking entries must go, or clients keep sending there. */
export function staleUdp(from: ProxyPlan, to: ProxyPlan): StaleFlow[] {
  const now = udpBackends(to);
  const stale: StaleFlow[] = [];
  for (const [front, backends] of udpBackends(from)) {
    const [address = "", port = ""] = front.split(" ");
    for (const backend of backends) {
      if (!now.get(front)?.has(backend))
        stale.push({ address: address === "" ? undefined : address, port, backend: backend.split(" . ")[0] as string });
    }
  }
  return stale;
}
