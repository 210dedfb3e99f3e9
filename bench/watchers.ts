/**
 * Many idle watches over real connections, and one event a second to all of them: what a watch costs the server in memory, and when the
 * event is there. The reader takes bytes and does not decode them.
 *
 * usage: node bench/watchers.ts KUBECONFIG SERVER-PID [WATCHES=10000] [CONNECTIONS=100] [SECONDS=10]
 */
import { readFileSync } from "node:fs";
import { connect, type ClientHttp2Session, type ClientHttp2Stream } from "node:http2";
import { loadKubeconfig, resolveContext } from "../src/client/kubeconfig.ts";

const [kubeconfig = "", pid = "", watches = "10000", connections = "100", seconds = "10"] = process.argv.slice(2);
const { config } = await resolveContext(await loadKubeconfig(kubeconfig));
const path = "/api/v1/namespaces/default/configmaps";

function session(): ClientHttp2Session {
  const made = connect(config.server, {
    ca: config.certificateAuthority,
    cert: config.clientCertificate,
    key: config.clientKey,
    maxSessionMemory: 1000,
  });
  made.setMaxListeners(0);
  return made;
}

/** Kilobytes that are the server's own. */
function memory(): number {
  return Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, "utf8"))?.[1]);
}

function cpu(): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

function request(on: ClientHttp2Session, method: string, url: string, body?: object): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const stream = on.request({ ":method": method, ":path": url, "content-type": "application/json" });
    let text = "";
    let status = 0;
    stream.on("response", (headers) => (status = headers[":status"] ?? 0));
    stream.on("data", (chunk: Buffer) => (text += chunk.toString()));
    stream.on("end", () => resolve({ status, text }));
    stream.on("error", reject);
    stream.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

const control = session();
await request(control, "POST", path, { metadata: { name: "watched" }, data: { n: "0" } });
const { text } = await request(control, "GET", `${path}?limit=1`);
const { resourceVersion } = (JSON.parse(text) as { metadata: { resourceVersion: string } }).metadata;
const before = memory();
const sessions = Array.from({ length: Number(connections) }, session);
const arrived: number[] = [];
let expected = 0;
let done: () => void = () => undefined;
const open = async (i: number): Promise<ClientHttp2Stream> => {
  const on = sessions[i % sessions.length] as ClientHttp2Session;
  const stream = on.request({ ":path": `${path}?watch=1&resourceVersion=${resourceVersion}&timeoutSeconds=3000` });
  await new Promise((resolve, reject) => {
    stream.once("response", resolve);
    stream.once("error", reject);
  });
  stream.on("data", () => {
    arrived.push(performance.now());
    if (arrived.length === expected) done();
  });
  return stream;
};
const streams: ClientHttp2Stream[] = [];
for (let at = 0; at < Number(watches); at += 200) {
  streams.push(...(await Promise.all(Array.from({ length: Math.min(200, Number(watches) - at) }, (_, i) => open(at + i)))));
}
await pause(15_000);
const idle = memory();
console.log(`${watches} watches on ${connections} connections: ${((idle - before) / Number(watches)).toFixed(1)} KB each`);
const latencies: number[] = [];
const began = cpu();
for (let n = 1; n <= Number(seconds); n++) {
  arrived.length = 0;
  expected = streams.length;
  const all = new Promise<void>((resolve) => (done = resolve));
  const written = performance.now();
  await request(control, "PUT", `${path}/watched`, { metadata: { name: "watched" }, data: { n: String(n) } });
  await Promise.race([all, pause(10_000)]);
  latencies.push(...arrived.map((t) => t - written));
  await pause(Math.max(0, 1000 - (performance.now() - written)));
}
latencies.sort((a, b) => a - b);
const at = (share: number): string => `${(latencies[Math.floor(latencies.length * share)] as number).toFixed(0)} ms`;
console.log(`${latencies.length} events; p50 ${at(0.5)}, p90 ${at(0.9)}, p99 ${at(0.99)}, last ${at(0.99999)}`);
console.log(
  `server: ${((cpu() - began) / latencies.length).toFixed(4)} ms of CPU an event; ${((memory() - before) / Number(watches)).toFixed(1)} KB each after`,
);
process.exit(0);
