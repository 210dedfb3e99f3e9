/**
 * Run inside a network namespace of its own by `node-network.test.ts`: two pods attached by the CNI plugin's code, the
 * service table loaded, and real connections made. Prints one JSON object of findings.
 */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { attempt, run } from "../../src/host/commands.ts";
import { Attachments } from "../../src/network/cni/attachments.ts";
import { AddressPool } from "../../src/network/cni/ipam.ts";
import type { CniCall, Verb } from "../../src/network/cni/protocol.ts";
import { emptyPlan, planProxy } from "../../src/network/proxy/plan.ts";
import { HostPortTable } from "../../src/network/proxy/host-ports.ts";
import { baseRuleset, changes } from "../../src/network/proxy/ruleset.ts";
import type { Service } from "../../src/schema/types/core-v1.ts";

const prefix = process.argv[2] as string;
const pods = [1, 2].map((i) => `${prefix}-pod${i}`);
const findings: Record<string, unknown> = {};
const hostPorts = new HostPortTable("tsukube");
const poolDir = mkdtempSync(join(tmpdir(), "tsukube-pool-"));
const pool = new AddressPool(poolDir, "10.77.0.0/24");
const attachments = new Attachments({
  pool,
  mtu: 1500,
  setHostPorts: (add) => {
    hostPorts.change(add, []);
    return Promise.resolve();
  },
});
const call = (verb: Verb, pod: string, config: object = {}): CniCall => ({
  verb,
  containerId: pod,
  netns: `/run/netns/${pod}`,
  ifname: "eth0",
  args: new Map(),
  config: { cniVersion: "1.1.0", ...config },
});
const inPod = (pod: string, command: string): Promise<string> => run("ip", ["netns", "exec", pod, "sh", "-c", command]);
const server = `const n=process.argv[1];require("http").createServer((q,s)=>s.end(n+" "+q.socket.remoteAddress)).listen(8080);const u=require("dgram").createSocket("udp4");u.on("message",(m,f)=>u.send(n,f.port,f.address));u.bind(8080)`;
const askOverUdp = `const u=require("dgram").createSocket("udp4");u.on("message",m=>{console.log(String(m));u.close()});u.on("error",e=>{console.log("error "+e.code);u.close()});u.connect(80,process.argv[1],()=>u.send("x"));setTimeout(()=>{console.log("silence");process.exit()},3000).unref()`;
const fetchFrom = (pod: string, url: string): Promise<string> =>
  run("ip", [
    "netns",
    "exec",
    pod,
    process.execPath,
    "-e",
    `fetch(${JSON.stringify(url)},{signal:AbortSignal.timeout(3000)}).then(r=>r.text()).then(t=>console.log(t),e=>console.log("error "+(e.cause?.code??e.name)))`,
  ]).then((t) => t.trim());

await run("sh", [
  "-c",
  "ip link set lo up; echo 1 > /proc/sys/net/ipv4/ip_forward; echo 0 > /proc/sys/net/ipv4/conf/all/rp_filter; echo 0 > /proc/sys/net/ipv4/conf/default/rp_filter",
]);
await run(
  "ip",
  ["-batch", "-"],
  "link add eth0 type bridge\naddr add 10.78.0.11/24 dev eth0\nlink set eth0 up\nroute add default via 10.78.0.1 dev eth0\n",
);
const addresses: string[] = [];
const servers: ReturnType<typeof spawn>[] = [];
process.on("exit", () => {
  for (const s of servers) s.kill("SIGKILL");
});
for (const pod of pods) {
  await run("ip", ["netns", "add", pod]);
  const result = await attachments.handle(
    call("ADD", pod, {
      runtimeConfig: {
        portMappings:
          pod === pods[0]
            ? [{ hostPort: 9000, containerPort: 8080, protocol: "tcp" }]
            : [{ hostPort: 9000, containerPort: 8080, protocol: "tcp", hostIP: "127.0.0.1" }],
      },
    }),
  );
  addresses.push((result?.ips?.[0]?.address ?? "").split("/")[0] as string);
  servers.push(spawn("ip", ["netns", "exec", pod, process.execPath, "-e", server, pod], { stdio: "ignore" }));
}
const service: Service = {
  metadata: { namespace: "a", name: "web" },
  spec: {
    type: "NodePort",
    clusterIP: "10.79.0.5",
    clusterIPs: ["10.79.0.5"],
    ports: [
      { name: "t", port: 80, protocol: "TCP", nodePort: 30080 },
      { name: "u", port: 80, protocol: "UDP" },
    ],
  },
};
const ids: string[] = [];
const plan = planProxy({
  nodeName: "n",
  services: [
    service,
    {
      metadata: { namespace: "a", name: "web" },
      spec: {
        clusterIP: "10.79.0.7",
        clusterIPs: ["10.79.0.7"],
        ports: [{ name: "t", port: 80, protocol: "TCP" }],
        sessionAffinity: "ClientIP",
        sessionAffinityConfig: { clientIP: { timeoutSeconds: 2 } },
      },
    },
    {
      metadata: { namespace: "a", name: "none" },
      spec: { clusterIP: "10.79.0.6", clusterIPs: ["10.79.0.6"], ports: [{ port: 80, protocol: "TCP" }] },
    },
  ],
  slicesOf: (s) =>
    s === "a/web"
      ? [
          {
            addressType: "IPv4",
            ports: [
              { name: "t", port: 8080, protocol: "TCP" },
              { name: "u", port: 8080, protocol: "UDP" },
            ],
            endpoints: addresses.map((a) => ({ addresses: [a], nodeName: "n" })),
          },
        ]
      : [],
  local: new Set(),
  idOf: (endpoint) => ids.push(endpoint),
});
await run(
  "nft",
  ["-f", "-"],
  baseRuleset({
    podCidr: "10.77.0.0/24",
    clusterPodCidr: "10.77.0.0/16",
    serviceCidr: "10.79.0.0/16",
    nodeCidr: "10.78.0.0/24",
    dnsAddress: "10.79.0.10",
  }) +
    changes(emptyPlan(), plan) +
    hostPorts.all(),
);
for (let i = 0; i < 50 && (await fetchFrom(pods[0] as string, `http://${addresses[1]}:8080`)).startsWith("error"); i++) continue;
findings["direct"] = await fetchFrom(pods[0] as string, `http://${addresses[1]}:8080`);
const seen = new Set<string>();
for (let i = 0; i < 24; i++) seen.add((await fetchFrom(pods[0] as string, "http://10.79.0.5")).split(" ")[0] as string);
findings["spread"] = [...seen].sort().map((s) => s.slice(prefix.length + 1));
/** The pods that answer a client of the service with affinity, over twelve connections. */
const stickyAnswers = async (): Promise<Set<string>> => {
  const answers = new Set<string>();
  for (let i = 0; i < 12; i++) answers.add(await fetchFrom(pods[0] as string, "http://10.79.0.7"));
  return answers;
};
const sticky = await stickyAnswers();
findings["sticky"] = sticky.size;
const keeps = [...sticky][0]?.split(" ")[0] as string;
// The endpoint that the client had leaves the service.
const leaving = [...plan.maps["sticky-endpoints"]].find(([, v]) => v.startsWith(`${addresses[pods.indexOf(keeps)]} `))?.[0];
await run("nft", ["delete", "element", "ip", "tsukube", "sticky-endpoints", `{ ${leaving} }`]);
for (const [k, v] of plan.maps["sticky-backends"]) {
  if (v !== leaving) continue;
  const other = [...plan.maps["sticky-backends"].values()].find((o) => o !== leaving) as string;
  await run(
    "nft",
    ["-f", "-"],
    `delete element ip tsukube sticky-backends { ${k} }\nadd element ip tsukube sticky-backends { ${k} : ${other} }\n`,
  );
}
const moved = await stickyAnswers();
findings["stickyMoves"] = moved.size === 1 && !moved.has([...sticky][0] as string);
findings["udp"] = (await run("ip", ["netns", "exec", pods[0] as string, process.execPath, "-e", askOverUdp, "10.79.0.5"]))
  .trim()
  .startsWith(prefix);
findings["refused"] = await fetchFrom(pods[0] as string, "http://10.79.0.6");
findings["wrongPort"] = await fetchFrom(pods[0] as string, "http://10.79.0.5:81");
findings["nodePort"] = (await fetchFrom(pods[1] as string, "http://10.78.0.11:30080")).startsWith(prefix);
findings["hostPort"] = (await fetchFrom(pods[1] as string, "http://10.78.0.11:9000")).split(" ")[0]?.slice(prefix.length + 1);
findings["hostPortOfItself"] = (await fetchFrom(pods[0] as string, "http://10.78.0.11:9000")).split(" ")[0]?.slice(prefix.length + 1);
await run("sh", ["-c", "echo 1 > /proc/sys/net/ipv4/conf/all/route_localnet"]);
findings["hostPortAtLoopback"] = await run(process.execPath, [
  "-e",
  `fetch("http://127.0.0.1:9000").then(r=>r.text()).then(t=>console.log(t))`,
]).then((t) => t.split(" ")[0]?.slice(prefix.length + 1));
findings["leaseKeepsPorts"] = new AddressPool(poolDir, "10.77.0.0/24").find(pods[0] as string, "eth0")?.ports[0]?.hostPort;
findings["fromNode"] = await run(process.execPath, [
  "-e",
  `fetch("http://10.79.0.5").then(r=>r.text()).then(t=>console.log(t.length>0))`,
]).then((t) => t.trim());
await attachments.handle(call("CHECK", pods[0] as string));
await attachments.handle(call("GC", pods[0] as string, { "cni.dev/valid-attachments": [{ containerID: pods[0], ifname: "eth0" }] }));
findings["leasesAfterGc"] = pool.list().length;
await attachments.handle(call("DEL", pods[0] as string));
await attachments.handle(call("DEL", pods[0] as string));
findings["leasesAfterDel"] = pool.list().length;
findings["links"] = (await inPod(pods[0] as string, "ip -o link show eth0 2>&1; true")).includes("does not exist");
for (const s of servers) s.kill("SIGKILL");
for (const pod of pods) await attempt("ip", ["netns", "del", pod]);
rmSync(poolDir, { recursive: true });
console.log(JSON.stringify(findings));
