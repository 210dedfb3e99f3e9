/** The command line refuses bad input in one sentence that names the option or file and the mend, and leaves nothing behind. */
import assert from "node:assert/strict";
import { chmodSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { nodes } from "../../src/schema/types/core-v1.ts";
import { freePort } from "../control-plane/free-port.ts";
import { type Result, type Sandbox, sandbox } from "./command-line.ts";

/** Exactly one sentence, on standard error, after what the steps said. */
function refusal(result: Result, code: number, ...parts: readonly (string | RegExp)[]): void {
  const lines = result.stderr.split("\n").filter((l) => l.startsWith("tsukube: "));
  assert.equal(result.code, code, result.stderr);
  assert.equal(lines.length, 1, result.stderr);
  for (const part of parts)
    assert.match(lines[0] as string, typeof part === "string" ? new RegExp(part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")) : part);
}

let box: Sandbox;
/** A data directory that an `up` and a `down` left. */
let good: string;
let port: number;

const up = (...more: string[]): string[] => [
  "up",
  "--detach",
  "--data-dir",
  box.dataDir,
  "--port",
  String(port),
  "--simulated-nodes",
  "1",
  ...more,
];

before(async () => {
  box = sandbox("cli");
  port = await freePort();
  good = join(box.dir, "good");
});
after(() => box.remove());

function restore(): void {
  rmSync(box.dataDir, { recursive: true, force: true });
  cpSync(good, box.dataDir, { recursive: true });
}

test("up, status, kubeconfig, a second up, down and down --purge make a round with simulated nodes", async () => {
  const started = await box.must(...up("--name", "cli"));
  assert.match(started.stdout, /^Ready in [\d.]+ s: cli at https:\/\/127\.0\.0\.1:\d+, 1 simulated node$/m);
  const status = JSON.parse((await box.must("status", "--data-dir", box.dataDir, "-o", "json")).stdout) as {
    ready: boolean;
    nodes: unknown[];
  };
  assert.equal(status.ready, true);
  assert.equal(status.nodes.length, 1);
  assert.match((await box.must("kubeconfig", "--data-dir", box.dataDir)).stdout, /current-context: tsukube-cli/);
  const client = await box.client();
  assert.equal((await client.resource(nodes).list()).items.length, 1);
  client.close();

  refusal(await box.run(...up()), 1, 'cluster "cli" is up already', `tsukube down --data-dir ${box.dataDir}`);
  refusal(await box.run(...up("--name", "other")), 1, 'cluster "cli" is up already');
  rmSync(join(box.dataDir, "run.json"));
  refusal(await box.run(...up()), 1, 'cluster "cli" is up already');
  writeFileSync(join(box.dataDir, "run.json"), "garbage");
  assert.equal((await box.run("status", "--data-dir", box.dataDir)).code, 0, "the lock tells who is alive");
  refusal(
    await box.run("up", "--detach", "--name", "b", "--port", String(port), "--simulated-nodes", "1"),
    1,
    `port ${port} is taken`,
    "--port",
  );
  assert.ok(!existsSync(join(box.dir, "xdg")), "a refused up leaves nothing");

  await box.must("down", "--data-dir", box.dataDir);
  assert.deepEqual(
    readdirSync(box.dataDir).filter((f) => f === "run.json" || f === "lock"),
    [],
  );
  const off = await box.run("status", "--data-dir", box.dataDir);
  assert.equal(off.code, 1);
  assert.match(off.stdout, /cli is down; `tsukube up --data-dir/);
  assert.equal((await box.run("kubeconfig", "--data-dir", box.dataDir)).code, 0);
  cpSync(box.dataDir, good, { recursive: true });

  assert.match(readFileSync(join(box.dir, "kubeconfig"), "utf8"), /tsukube-cli/);
  await box.must("down", "--purge", "--data-dir", box.dataDir);
  assert.ok(!existsSync(box.dataDir));
  assert.doesNotMatch(readFileSync(join(box.dir, "kubeconfig"), "utf8"), /tsukube-cli/);
});

test("wrong usage ends with 2 and names the option or command", async () => {
  const cases = [
    [["frobnicate"], 'there is no command "frobnicate"', "up, down"],
    [["image", "frob"], 'there is no "frob"', "load, list, rm"],
    [["up", "--node", "1"], "unknown option --node", "--nodes"],
    [["up", "--nodes"], "--nodes: needs a value"],
    [["up", "--nodes", "x"], "--nodes:", "not a whole number"],
    [["up", "now"], 'unexpected argument "now"'],
    [["up", "--name", "Dev!"], "--name:"],
    [["up", "--port", "70000"], "--port:", "1 to 65535"],
    [["up", "--pod-cidr", "10.1.0.0/33"], "--pod-cidr:", "10.20.0.0/16"],
    [["up", "--pod-cidr", "10.1.0.0/16", "--service-cidr", "10.1.128.0/20"], "--pod-cidr:", "--service-cidr"],
    [["up", "--store", "redis"], "--store:", "embedded"],
    [["up", "--containerd", "/nonexistent/containerd"], "--containerd:", "does not exist"],
    [["up", "--containerd", "/etc/passwd"], "--containerd:", "may not be executed"],
    [["image", "load"], "name at least one archive"],
    [["status", "-o", "yaml"], "--output:", "json"],
  ] as const;
  const results = await Promise.all(cases.map(([args]) => box.run(...args)));
  for (const [i, [, ...parts]] of cases.entries()) refusal(results[i] as Result, 2, ...parts);
});

test("commands for a cluster that is not there say where they looked", async () => {
  for (const command of ["down", "status", "kubeconfig", "image list"]) {
    refusal(await box.run(...command.split(" "), "--name", "nope"), 1, 'there is no cluster "nope"', "tsukube up --name nope");
  }
  refusal(await box.run("down", "--purge", "--data-dir", box.dir), 1, "does not hold a cluster; nothing was removed");
});

test("what an existing cluster was made with cannot be changed by an option", async () => {
  restore();
  refusal(await box.run(...up("--name", "other")), 2, "--name:", "a --data-dir of its own");
  refusal(await box.run(...up("--service-cidr", "10.99.0.0/16")), 2, "--service-cidr: this cluster was made with");
  refusal(await box.run(...up("--store", "memory")), 2, "--store: this cluster was made with embedded");
});

test("damaged and newer files are named with the mend, and stay as they are", async () => {
  const log = readdirSync(join(good, "store")).find((f) => f.startsWith("log-")) as string;
  const inFile = (name: string, change: (bytes: Buffer) => Buffer) => (): void =>
    writeFileSync(join(box.dataDir, name), change(readFileSync(join(box.dataDir, name))));
  const garble = (at: number, text: string) => (bytes: Buffer) => (bytes.write(text, at), bytes);
  for (const [file, damage, ...parts] of [
    ["cluster.json", inFile("cluster.json", () => Buffer.from('{"form')), "cluster.json is damaged", "--purge"],
    ["cluster.json", inFile("cluster.json", () => Buffer.from("{}")), "cluster.json is damaged"],
    [
      "cluster.json",
      inFile("cluster.json", (b) => Buffer.from(b.toString().replace('"format": 1', '"format": 2'))),
      "newer tsukube (format 2",
    ],
    ["pki/ca.crt", inFile("pki/ca.crt", () => Buffer.from("garbage")), "pki/ca.crt is damaged", "restore it"],
    ["pki/ca.key", inFile("pki/ca.key", () => Buffer.from("garbage")), "pki/ca.key is damaged"],
    ["pki/service-account.key", inFile("pki/service-account.key", () => Buffer.from("x")), "service-account.key is damaged"],
    [`store/${log}`, inFile(`store/${log}`, garble(5000, "XXXXXXXX")), `${log} is damaged`, "restore a backup"],
    [`store/${log}`, inFile(`store/${log}`, garble(8, "\u0002")), `${log} was written by a newer version`],
  ] as const) {
    restore();
    damage();
    const bytes = readFileSync(join(box.dataDir, file));
    refusal(await box.run(...up()), 1, box.dataDir, ...parts);
    assert.deepEqual(readFileSync(join(box.dataDir, file)), bytes, `${file} was changed`);
    assert.ok(!existsSync(join(box.dataDir, "lock")), "the lock is left");
  }
  restore();
  writeFileSync(join(box.dataDir, "cluster.json"), "{");
  await box.must("down", "--purge", "--data-dir", box.dataDir);
  assert.ok(!existsSync(box.dataDir), "a damaged cluster can be forgotten");
});

test("a torn tail of the log, damaged certificates and a damaged run file are mended at the next up", async () => {
  restore();
  const log = readdirSync(join(good, "store")).find((f) => f.startsWith("log-")) as string;
  truncateSync(join(box.dataDir, "store", log), readFileSync(join(box.dataDir, "store", log)).length - 10);
  writeFileSync(join(box.dataDir, "pki", "apiserver.crt"), "garbage");
  writeFileSync(join(box.dataDir, "pki", "admin.key"), "garbage");
  writeFileSync(join(box.dataDir, "run.json"), "garbage");
  await box.must(...up());
  assert.equal((await box.run("status", "--data-dir", box.dataDir)).code, 0);
  await box.must("down", "--data-dir", box.dataDir);
});

test("files and directories that cannot be used are named", async () => {
  restore();
  const directory = join(box.dir, "directory");
  mkdirSync(directory, { recursive: true });
  refusal(await box.run(...up("--kubeconfig", directory)), 1, `--kubeconfig: ${directory} cannot be changed`, "another file");
  if (process.platform === "linux") refusal(await box.run(...up("--kubeconfig", "/proc/x/y")), 1, "--kubeconfig: /proc/x/y");
  const file = join(box.dir, "file");
  writeFileSync(file, "not an archive");
  refusal(
    await box.run("up", "--detach", "--simulated-nodes", "1", "--data-dir", join(file, "x"), "--port", String(port)),
    1,
    "--data-dir",
  );
  refusal(await box.run("image", "load", file, "--data-dir", box.dataDir), 1, file, "docker save");
  refusal(await box.run("image", "load", directory, "--data-dir", box.dataDir), 1, "is not a file");
  assert.ok(!existsSync(join(box.dataDir, "run.json")));
});

test("a port that another program holds is named", async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port: taken } = server.address() as { port: number };
  try {
    refusal(
      await box.run("up", "--name", "taken", "--port", String(taken), "--simulated-nodes", "1"),
      1,
      `port ${taken} is taken`,
      "--port",
    );
  } finally {
    server.close();
  }
});

test("a directory of somebody else is refused to a user who may not write there", {
  skip: process.getuid?.() === 0 ? "root may write everywhere" : false,
}, async () => {
  const closed = join(box.dir, "closed");
  mkdirSync(closed);
  chmodSync(closed, 0o500);
  refusal(await box.run("up", "--simulated-nodes", "1", "--data-dir", join(closed, "x")), 1, closed, "--data-dir");
});
