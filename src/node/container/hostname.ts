/** A pod's names, its /etc/hosts and its resolv.conf. Pure. */
import type { HostAlias, Pod } from "../../schema/types/core-v1.ts";

export interface PodHostname {
  readonly hostname: string;
  /** `SUBDOMAIN.NAMESPACE.svc.DOMAIN`, or empty. */
  readonly domain: string;
}

export function podHostname(pod: Pod, clusterDomain: string): PodHostname {
  const spec = pod.spec;
  const cut = (name: string): string => (name.length <= 63 ? name : name.slice(0, 63).replace(/[-.]+$/, ""));
  if (spec?.hostnameOverride !== undefined) return { hostname: cut(spec.hostnameOverride), domain: "" };
  const hostname = cut(spec?.hostname || (pod.metadata?.name ?? ""));
  const domain = spec?.subdomain ? `${spec.subdomain}.${pod.metadata?.namespace ?? ""}.svc.${clusterDomain}` : "";
  return { hostname, domain };
}

/** What `hostname` prints in the pod. Throws an Error when it must be the full name and that is too long for the kernel. */
export function kernelHostname(pod: Pod, { hostname, domain }: PodHostname): string {
  if (domain === "" || pod.spec?.setHostnameAsFQDN !== true) return hostname;
  const full = `${hostname}.${domain}`;
  if (full.length > 64) {
    throw new Error(
      `failed to construct FQDN from pod hostname and cluster domain, FQDN ${full} is too long (64 characters is the max, ${full.length} characters requested)`,
    );
  }
  return full;
}

/** `/etc/hosts` of a pod with an address of its own. */
export function hostsFile(ips: readonly string[], { hostname, domain }: PodHostname, aliases: readonly HostAlias[] = []): string {
  const names = domain === "" ? hostname : `${hostname}.${domain}\t${hostname}`;
  return `# Kubernetes-managed hosts file.
127.0.0.1\tlocalhost
::1\tlocalhost ip6-localhost ip6-loopback
fe00::0\tip6-localnet
fe00::0\tip6-mcastprefix
fe00::1\tip6-allnodes
fe00::2\tip6-allrouters
${ips.map((ip) => `${ip}\t${names}\n`).join("")}${aliasLines(aliases)}`;
}

/** `/etc/hosts` of a pod on the node's network: the node's own, and the aliases. */
export function hostNetworkHostsFile(nodeFile: string, aliases: readonly HostAlias[] = []): string {
  return `# Kubernetes-managed hosts file (host network).\n${nodeFile}${aliasLines(aliases)}`;
}

function aliasLines(aliases: readonly HostAlias[]): string {
  if (aliases.length === 0) return "";
  const lines = aliases.map((a) => `${a.ip}\t${(a.hostnames ?? []).join("\t")}\n`);
  return `\n# Entries added by HostAliases.\n${lines.join("")}`;
}

export interface DnsConfig {
  servers: string[];
  searches: string[];
  options: string[];
}

/** Limits of resolv.conf: three name servers, 32 search domains of 2,048 characters in all. */
const maxServers = 3;
const maxSearches = 32;
const maxSearchCharacters = 2048;

/** The pod's resolver by its policy. `node`: the node's own resolv.conf. */
export function podDns(pod: Pod, node: DnsConfig, cluster: { servers: readonly string[]; domain: string }): DnsConfig {
  const policy = pod.spec?.dnsPolicy ?? "ClusterFirst";
  const hostNetwork = pod.spec?.hostNetwork === true;
  const useCluster = policy === "ClusterFirstWithHostNet" || (policy === "ClusterFirst" && !hostNetwork);
  let config: DnsConfig;
  if (policy === "None") config = { servers: [], searches: [], options: [] };
  else if (useCluster && cluster.servers.length > 0) {
    const namespace = pod.metadata?.namespace ?? "";
    const own = [`${namespace}.svc.${cluster.domain}`, `svc.${cluster.domain}`, cluster.domain];
    config = { servers: [...cluster.servers], searches: unique([...own, ...node.searches]), options: ["ndots:5"] };
  } else config = node.servers.length === 0 ? { ...node, servers: ["127.0.0.1"], searches: node.searches } : { ...node };
  const extra = pod.spec?.dnsConfig;
  if (extra !== undefined) {
    config = {
      servers: unique([...config.servers, ...(extra.nameservers ?? [])]),
      searches: unique([...config.searches, ...(extra.searches ?? [])]),
      options: mergeOptions(
        config.options,
        (extra.options ?? []).map((o) => (o.value ? `${o.name}:${o.value}` : (o.name ?? ""))),
      ),
    };
  }
  return { ...config, servers: config.servers.slice(0, maxServers), searches: fitSearches(config.searches) };
}

function fitSearches(searches: string[]): string[] {
  const fitting = searches.slice(0, maxSearches);
  while (fitting.join(" ").length > maxSearchCharacters) fitting.pop();
  return fitting;
}

function unique(list: string[]): string[] {
  return [...new Set(list)];
}

function mergeOptions(first: readonly string[], later: readonly string[]): string[] {
  const byName = new Map<string, string>();
  for (const option of [...first, ...later]) byName.set(option.split(":")[0] as string, option);
  return [...byName.values()];
}

/** resolv.conf(5): name servers add up, the last `search` line counts. */
export function parseResolvConf(text: string): DnsConfig {
  const config: DnsConfig = { servers: [], searches: [], options: [] };
  for (const line of text.split("\n")) {
    const [word, ...rest] = line.trim().split(/\s+/);
    if (word === "nameserver" && rest[0] !== undefined) config.servers.push(rest[0]);
    else if (word === "search") config.searches = rest.filter((s) => s !== ".").map((s) => s.replace(/\.$/, ""));
    else if (word === "options") config.options = mergeOptions(config.options, rest);
  }
  return config;
}
