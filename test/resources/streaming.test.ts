/** kubectl against our API server and a small kubelet: logs, exec, attach, cp and port-forward as programs use them. */
import assert from "node:assert/strict";
import { execFile, spawn, type ChildProcess } from "node:child_process";
import { existsSync } from "node:fs";
import { connect } from "node:net";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import { test } from "node:test";
import { listen } from "../../src/apiserver/http/front.ts";
import { execInPod, forwardToPod } from "../../src/client/streaming/pod-streams.ts";
import { exitCodeOf } from "../../src/client/streaming/session.ts";
import { issueCertificate, createCa } from "../../src/host/pki.ts";
import { namespaces, nodes, pods, services, endpoints } from "../../src/schema/types/core-v1.ts";
import { resolveServiceEndpoint } from "../../src/resources/services/endpoint-resolution.ts";
import { endpointslices } from "../../src/schema/types/discovery-v1.ts";
import { startKubelet, type TestKubelet } from "./kubelet.ts";
import { startServer, type TestServer } from "./server.ts";

interface Cluster extends AsyncDisposable {
  readonly at: TestServer;
  readonly kubelet: TestKubelet;
  readonly url: string;
  readonly ca: string;
}

async function cluster(options: { features?: string[] } = {}): Promise<Cluster> {
  const kubelet = await startKubelet();
  const transport = { ca: kubelet.ca, cert: kubelet.client.certificate, key: kubelet.client.key, preferredAddressTypes: ["InternalIP"] };
  const at = await startServer({ deps: { kubelet: transport } });
  const ca = createCa({ commonName: "front-ca" });
  const own = issueCertificate(ca, { commonName: "front", sans: ["127.0.0.1"], usages: ["server"] });
  const front = await listen(at.server, { port: 0, tls: { certificate: own.certificate, key: own.key } });
  await at.client.resource(namespaces).create({ metadata: { name: "team" } });
  await at.client.resource(nodes).create({ metadata: { name: "n1" } });
  const node = await at.client.resource(nodes).get("n1");
  const status = {
    addresses: [{ type: "InternalIP", address: "127.0.0.1" }],
    daemonEndpoints: { kubeletEndpoint: { Port: kubelet.port } },
    ...(options.features === undefined ? {} : { declaredFeatures: options.features }),
  };
  await at.client.resource(nodes).updateStatus({ ...node, status });
  const container = (name: string): { name: string; image: string } => ({ name, image: "x" });
  await at.client.resource(pods, "team").create({ metadata: { name: "web" }, spec: { nodeName: "n1", containers: [container("app")] } });
  const web = await at.client.resource(pods, "team").get("web");
  await at.client.resource(pods, "team").updateStatus({ ...web, status: { ...web.status, phase: "Running" } });
  await at.client.resource(pods, "team").create({
    metadata: { name: "two" },
    spec: { nodeName: "n1", initContainers: [container("init")], containers: [container("a"), container("b")] },
  });
  await at.client.resource(pods, "team").create({ metadata: { name: "waiting" }, spec: { containers: [container("app")] } });
  return {
    at,
    kubelet,
    url: `https://127.0.0.1:${front.port}`,
    ca: ca.certificate,
    [Symbol.asyncDispose]: async () => {
      await front.close(0);
      await at[Symbol.asyncDispose]();
      await kubelet[Symbol.asyncDispose]();
    },
  };
}

const candidates = [join(homedir(), ".cache/k8s-tools/bin"), ...(process.env["PATH"] ?? "").split(delimiter)].map((dir) =>
  join(dir, "kubectl"),
);
const kubectlPath = candidates.find((path) => existsSync(path));
const skip = kubectlPath === undefined ? "kubectl is not installed" : false;

interface Output {
  code: number;
  stdout: string;
  stderr: string;
}

const flags = (c: Cluster): string[] => ["--server", c.url, "--insecure-skip-tls-verify", "--token", "none", "--namespace", "team"];

function kubectl(c: Cluster, args: string[], input?: string, env: Record<string, string> = {}): Promise<Output> {
  return new Promise((resolve) => {
    const options = { env: { ...process.env, KUBECONFIG: "/dev/null", ...env }, timeout: 20_000 };
    const child = execFile(kubectlPath ?? "kubectl", [...flags(c), ...args], options, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === "number" ? error.code : -1;
      resolve({ code, stdout: stdout.toString(), stderr: stderr.toString() });
    });
    if (input !== undefined) child.stdin?.end(input);
  });
}

const spdyOnly = { KUBECTL_REMOTE_COMMAND_WEBSOCKETS: "false", KUBECTL_PORT_FORWARD_WEBSOCKETS: "false" };

for (const [how, env, features] of [
  ["SPDY", spdyOnly, undefined],
  ["a WebSocket handed through", {}, ["ExtendWebSocketsToKubelet"]],
  ["a WebSocket translated for the kubelet", {}, undefined],
] as const) {
  test(`kubectl exec over ${how} carries input, output and the exit code`, { skip }, async () => {
    await using c = await cluster(features === undefined ? {} : { features: [...features] });
    const echoed = await kubectl(c, ["exec", "-i", "web", "--", "cat"], "hello\n".repeat(20_000), env);
    assert.deepEqual([echoed.code, echoed.stdout.length], [0, 120_000], echoed.stderr);
    const left = await kubectl(c, ["exec", "web", "--", "exit", "7"], undefined, env);
    assert.equal(left.code, 7);
    assert.match(left.stderr, /leaving with 7/);
    const printed = await kubectl(c, ["exec", "two", "-c", "b", "--", "echo", "one", "two words"], undefined, env);
    assert.equal(printed.stdout, "echo one two words\n");
    assert.ok(c.kubelet.requests.some((r) => r.includes("/exec/team/two/b?command=echo&command=one&command=two+words")));
    const attached = await kubectl(c, ["attach", "web"], undefined, env);
    assert.equal(attached.stdout, "attached\n", attached.stderr);
  });

  test(`kubectl port-forward over ${how} carries connections`, { skip }, async () => {
    await using c = await cluster(features === undefined ? {} : { features: [...features] });
    const child = spawn(kubectlPath ?? "kubectl", [...flags(c), "port-forward", "pod/web", ":80", ":81"], {
      env: { ...process.env, ...env },
    });
    try {
      const [first, second] = await forwarded(child, 2);
      assert.deepEqual(await Promise.all([ask(first, "one"), ask(first, "two")]), ["port 80 got one", "port 80 got two"]);
      const complaint = new Promise<string>((resolve) => child.stderr.on("data", (chunk: Buffer) => resolve(chunk.toString())));
      assert.equal(await ask(second, "x"), "");
      assert.match(await complaint, /error forwarding port 81 to pod: connection refused/);
    } finally {
      child.kill();
    }
  });
}

/** The local ports kubectl says it listens on. */
function forwarded(child: ChildProcess, count: number): Promise<number[]> {
  return new Promise((resolve, reject) => {
    let text = "";
    let complaint = "";
    child.stderr?.on("data", (chunk: Buffer) => (complaint += chunk.toString()));
    child.stdout?.on("data", (chunk: Buffer) => {
      text += chunk.toString();
      const ports = [...text.matchAll(/127\.0\.0\.1:(\d+) ->/g)].map((m) => Number(m[1]));
      if (ports.length >= count) resolve(ports);
    });
    child.once("exit", () => reject(new Error(`kubectl left: ${complaint}`)));
  });
}

/** Sends a line and answers what comes back until the connection ends. */
function ask(port: number | undefined, line: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port ?? 0, "127.0.0.1");
    let text = "";
    socket.on("data", (chunk: Buffer) => (text += chunk.toString()));
    socket.on("error", () => resolve(text));
    socket.on("close", () => resolve(text));
    socket.write(`${line}\r\n`);
  });
}

test("kubectl logs passes its options on and follows", { skip }, async () => {
  await using c = await cluster();
  const tail = await kubectl(c, ["logs", "web", "--tail=5", "--timestamps", "--since=10s", "--previous"]);
  assert.equal(tail.stdout, "?previous=true&sinceSeconds=10&tailLines=5&timestamps=true\n", tail.stderr);
  assert.equal((await kubectl(c, ["logs", "-f", "web"])).stdout, "first\nsecond\n");
  assert.equal((await kubectl(c, ["logs", "waiting"])).stdout, "");
});

test("our own client runs commands and forwards ports", async () => {
  await using c = await cluster();
  const config = { server: c.url, certificateAuthority: c.ca };
  const all = { stdin: true, stdout: true, stderr: true, tty: false };
  const client = await execInPod(config, { namespace: "team", pod: "web", command: ["cat"] }, all);
  const parts: Buffer[] = [];
  client.stdout?.on("data", (part: Buffer) => parts.push(part));
  client.stderr?.resume();
  client.stdin?.end("over and out");
  assert.equal(exitCodeOf(await client.status), 0);
  assert.equal(Buffer.concat(parts).toString(), "over and out");

  const session = await forwardToPod(config, { namespace: "team", pod: "web" });
  const data = session.connect(80);
  data.write("hi\r\n");
  const answer = await new Promise<string>((resolve) => data.once("data", (chunk: Buffer) => resolve(chunk.toString())));
  assert.equal(answer, "port 80 got hi");
  session.close();
});

const raw = async (c: Cluster, path: string): Promise<{ status: number; message: string }> => {
  const response = await c.at.client.raw("GET", path);
  const body = response.json() as { message?: string };
  return { status: response.status, message: body.message ?? "" };
};

test("a request that cannot be answered says why, in upstream's words", async () => {
  await using c = await cluster();
  const base = "/api/v1/namespaces/team/pods";
  const cases: [path: string, status: number, message: string][] = [
    [`${base}/two/log`, 400, "a container name must be specified for pod two, choose one of: [init a b]"],
    [`${base}/web/log?container=x`, 400, "container x is not valid for pod web"],
    [`${base}/none/log`, 404, 'pods "none" not found'],
    [
      `${base}/web/log?tailLines=-1&limitBytes=0`,
      422,
      'PodLogOptions "web" is invalid: [tailLines: Invalid value: -1: must be greater than or equal to 0, limitBytes: Invalid value: 0: must be greater than 0]',
    ],
    [
      `${base}/web/log?sinceSeconds=5&sinceTime=2020-01-01T00:00:00Z`,
      422,
      'PodLogOptions "web" is invalid: []: Forbidden: at most one of `sinceTime` or `sinceSeconds` may be specified',
    ],
    [`${base}/web/log?sinceTime=x`, 400, 'parsing time "x" as "2006-01-02T15:04:05Z07:00": cannot parse "x" as "2006"'],
    [`${base}/web/log?tailLines=x`, 400, 'strconv.ParseInt: parsing "x": invalid syntax'],
    [`${base}/web/exec?command=x`, 400, "Upgrade request required"],
    [`${base}/waiting/exec?command=x`, 400, "pod waiting does not have a host assigned"],
    [`${base}/a:b:c:d/proxy/`, 400, 'invalid pod request "a:b:c:d"'],
    [`${base}/web/proxy/`, 400, "address not allowed"],
    ["/api/v1/namespaces/team/services/none/proxy/", 404, 'services "none" not found'],
    ["/api/v1/namespaces/team/services/ftp:x:80/proxy/", 400, 'invalid service request "ftp:x:80"'],
    ["/api/v1/nodes/none/proxy/", 404, 'nodes "none" not found'],
    ["/api/v1/nodes/n1/proxy/healthz", 400, "address not allowed"],
  ];
  for (const [path, status, message] of cases) assert.deepEqual(await raw(c, path), { status, message }, path);
});

test("a node that cannot be reached is named", { skip }, async () => {
  await using c = await cluster();
  const node = await c.at.client.resource(nodes).get("n1");
  const status = { ...node.status, daemonEndpoints: { kubeletEndpoint: { Port: 1 } } };
  await c.at.client.resource(nodes).updateStatus({ ...node, status });
  const logs = await raw(c, "/api/v1/namespaces/team/pods/web/log");
  const url = "https://127.0.0.1:1/containerLogs/team/web/app";
  assert.deepEqual(logs, { status: 500, message: `Get "${url}": dial tcp 127.0.0.1:1: connect: connection refused` });
  const exec = await kubectl(c, ["exec", "web", "--", "x"]);
  assert.match(exec.stderr, /error dialing backend: dial tcp 127\.0\.0\.1:1: connect: connection refused/);
});

test("a service without endpoints is unavailable, a port it has not as well", async () => {
  await using c = await cluster();
  await c.at.client.resource(services, "team").create({ metadata: { name: "web" }, spec: { ports: [{ port: 80, name: "http" }] } });
  await c.at.client.resource(endpoints, "team").create({ metadata: { name: "web" } });
  const base = "/api/v1/namespaces/team/services";
  assert.equal((await raw(c, `${base}/web:81/proxy/`)).message, 'no service port 81 found for service "web"');
  assert.deepEqual(await raw(c, `${base}/web:80/proxy/`), { status: 503, message: 'no endpoints available for service "web"' });
});

test("a service's endpoint is found for those who connect to it: webhooks, aggregation", async () => {
  await using c = await cluster();
  const { client, deps } = c.at;
  const ports = [{ name: "https", port: 443, targetPort: 8443 }];
  await client.resource(services, "team").create({ metadata: { name: "hook" }, spec: { ports } });
  await assert.rejects(resolveServiceEndpoint(deps, "team", "hook", 443), {
    code: 503,
    message: 'no endpoints available for service "hook"',
  });
  await client.resource(endpointslices, "team").create({
    metadata: { name: "hook-1", labels: { "kubernetes.io/service-name": "hook" } },
    addressType: "IPv4",
    endpoints: [
      { addresses: ["10.1.0.1"], conditions: { ready: false } },
      { addresses: ["10.1.0.2"], conditions: { ready: true } },
    ],
    ports: [{ name: "https", port: 8443, protocol: "TCP" }],
  });
  assert.deepEqual(await resolveServiceEndpoint(deps, "team", "hook", 443), { host: "10.1.0.2", port: 8443 });
  await assert.rejects(resolveServiceEndpoint(deps, "team", "hook", 80), { code: 503 });
  await assert.rejects(resolveServiceEndpoint(deps, "team", "none", 443), { code: 404 });
});
