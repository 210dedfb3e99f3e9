/**
 * Plays `*.txt` with kubectl against a cluster with simulated nodes. A transcript is a list of blocks: `$ ` and a shell
 * command, what it prints on both outputs, and `[status]` when that is not 0. What differs from run to run (ages, uids,
 * addresses, random names) is written in capitals; so is what versions of kubectl word differently.
 *
 * `node test/kubectl/kubectl.test.ts --update FILE.txt [KUBECONFIG]` writes the answers of now into the file, of another
 * cluster when its kubeconfig is named: all but `workloads.txt` are recorded from Kubernetes v1.36 itself.
 */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { ControlPlane } from "../../src/cluster/control-plane.ts";
import { writeOwnKubeconfig } from "../../src/cluster/kubeconfig.ts";
import { memoryControlPlane } from "../control-plane/memory-control-plane.ts";

interface Block {
  readonly command: string;
  readonly answer: string;
}

const transcripts = ["refusals.txt", "objects.txt", "workloads.txt", "apply.txt"] as const;

function parse(text: string): { head: string; blocks: Block[] } {
  const [head = "", ...parts] = text.split(/^\$ /m);
  const blocks = parts.map((part) => {
    const end = part.indexOf("\n");
    return { command: part.slice(0, end), answer: part.slice(end + 1).trimEnd() };
  });
  return { head, blocks };
}

const print = (head: string, blocks: readonly Block[]): string =>
  head + blocks.map(({ command, answer }) => `$ ${command}\n${answer}${answer === "" ? "" : "\n"}`).join("\n");

/** What may differ between two runs, and between kubectl's own versions. */
function normal(text: string): string {
  return text
    .replaceAll(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, "UID")
    .replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z|\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d \+0000/g, "TIME")
    .replaceAll(/(esource ?[vV]ersion"?:\s*"?)\d+/g, "$1RV")
    .replaceAll(/\b10\.\d+\.\d+\.\d+\b/g, "ADDRESS")
    .replaceAll(/(?<=[ (])\d+(\.\d+)?(s|m)(\d+s)?(?=[ )]|$)/gm, "AGE")
    .replaceAll(/-[bcdf-hj-np-tv-xz2456789]{6,10}(?=\b)(-[bcdf-hj-np-tv-xz2456789]{5}\b)?/g, (_, pod?: string) =>
      pod ? "-HASH-RAND" : "-HASH",
    )
    .replaceAll(/^(Time Zone: +<unset>|[EIW]\d{4} .*)\n/gm, "")
    .replaceAll(/(hash[=:] ?)[a-z0-9]+/g, "$1HASH")
    .replaceAll(/ from [\w-]+ namespace(?=$| \(server dry run\)$)/gm, "")
    .replaceAll(/[ \t]+/g, " ")
    .replaceAll(/ $/gm, "")
    .trim();
}

function findKubectl(): string | undefined {
  const named = process.env["KUBECTL"];
  if (named) return named;
  const folders = (process.env["PATH"] ?? "").split(delimiter);
  return folders.map((folder) => join(folder, "kubectl")).find((file) => existsSync(file));
}

const kubectl = findKubectl();

/** Runs one line in a shell where `kubectl` asks the cluster; answers as a block holds it. */
function run(command: string, kubeconfig: string, folder: string): Promise<string> {
  const shell = `kubectl() { "$KUBECTL" --request-timeout=15s "$@"; }\n${command}`;
  const env = { ...process.env, KUBECTL: kubectl, KUBECONFIG: kubeconfig, HOME: folder };
  return new Promise((resolve) => {
    execFile("/bin/sh", ["-c", `exec 2>&1 </dev/null\n${shell}`], { env, cwd: folder, timeout: 30_000 }, (error, stdout) => {
      const status = error === null ? "" : `\n[${error.code ?? error.signal}]`;
      resolve((normal(stdout) + status).trim());
    });
  });
}

/** A control plane in this process, its kubeconfig in `folder`. */
async function startCluster(folder: string): Promise<{ plane: ControlPlane; kubeconfig: string }> {
  const ranges = { podCidr: "10.212.0.0/16", nodeCidr: "10.211.0.0/24" };
  const { plane, pki } = await memoryControlPlane({ name: "test", dataDir: folder, simulatedNodes: 2, ...ranges });
  await plane.nodesReady(2, new Set(), AbortSignal.timeout(20_000), () => undefined);
  const kubeconfig = join(folder, "kubeconfig");
  writeOwnKubeconfig(kubeconfig, { name: "test", server: plane.url, ca: pki.ca.certificate, user: "admin", credentials: pki.admin });
  return { plane, kubeconfig };
}

async function withCluster<T>(use: (kubeconfig: string, folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), "kubectl-"));
  const { plane, kubeconfig } = await startCluster(folder);
  try {
    return await use(kubeconfig, folder);
  } finally {
    await plane.stop();
    rmSync(folder, { recursive: true });
  }
}

const [flag, name, other] = process.argv.slice(2);
if (flag === "--update" && name !== undefined) {
  const file = new URL(name, import.meta.url);
  const { head, blocks } = parse(readFileSync(file, "utf8"));
  await withCluster(async (own, folder) => {
    const answered: Block[] = [];
    for (const { command } of blocks) answered.push({ command, answer: await run(command, other ?? own, folder) });
    writeFileSync(file, print(head, answered));
  });
} else {
  describe("kubectl", { skip: kubectl === undefined ? "kubectl is neither in PATH nor named by KUBECTL" : false }, () => {
    let plane: ControlPlane;
    let kubeconfig: string;
    let folder: string;

    before(async () => {
      folder = mkdtempSync(join(tmpdir(), "kubectl-"));
      ({ plane, kubeconfig } = await startCluster(folder));
    });
    after(async () => {
      await plane.stop();
      rmSync(folder, { recursive: true });
    });

    for (const transcript of transcripts) {
      void it(`says what ${transcript} says`, async () => {
        const text = readFileSync(new URL(transcript, import.meta.url), "utf8");
        const { head, blocks } = parse(text);
        const answered: Block[] = [];
        for (const { command } of blocks) answered.push({ command, answer: await run(command, kubeconfig, folder) });
        assert.equal(print(head, answered), print(head, blocks));
      });
    }
  });
}
