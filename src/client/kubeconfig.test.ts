import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { type ContextEntry, mergeContext, removeContext } from "./kubeconfig-file.ts";
import { inClusterConfig, kubeconfigPaths, loadKubeconfig, parseKubeconfig, resolveContext } from "./kubeconfig.ts";

async function inDirectory(run: (directory: string) => Promise<void>): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), "kubeconfig-"));
  try {
    await run(directory);
  } finally {
    await rm(directory, { recursive: true });
  }
}

const entry = (name: string, server: string): ContextEntry => ({
  context: { name, context: { cluster: name, user: name } },
  cluster: { name, cluster: { server } },
  user: { name, user: { token: `token-of-${name}` } },
});

void test("KUBECONFIG may name several files, without it the home directory's is read", () => {
  assert.deepEqual(kubeconfigPaths(undefined, { KUBECONFIG: "/a::/b:/a" }), ["/a", "/b"]);
  assert.deepEqual(kubeconfigPaths("/c", { KUBECONFIG: "/a" }), ["/c"]);
  assert.match(kubeconfigPaths(undefined, {})[0] ?? "", /\.kube\/config$/);
});

void test("the first of several files wins, and paths are relative to their own file", () =>
  inDirectory(async (directory) => {
    const [a, b] = [join(directory, "a"), join(directory, "b")];
    await mergeContext(a, entry("one", "https://a:1"));
    await writeFile(
      b,
      "apiVersion: v1\nkind: Config\ncurrent-context: two\nclusters:\n- {name: one, cluster: {server: 'https://b:1'}}\n" +
        "- {name: two, cluster: {server: 'https://b:2', certificate-authority: ca.crt}}\nusers: null\n" +
        "contexts:\n- {name: two, context: {cluster: two, namespace: ns}}\n",
    );
    await writeFile(join(directory, "ca.crt"), "CA");
    const merged = await loadKubeconfig(undefined, { KUBECONFIG: `${a}:${join(directory, "missing")}:${b}` });
    const current = await resolveContext(merged);
    assert.deepEqual([current.context, current.config.server, current.config.token], ["one", "https://a:1", "token-of-one"]);
    const two = await resolveContext(merged, "two");
    assert.deepEqual([two.namespace, two.config.server, two.config.certificateAuthority], ["ns", "https://b:2", "CA"]);
    await assert.rejects(resolveContext(merged, "three"), /context "three" does not exist/);
  }));

void test("merging keeps what else the file says, and removing takes only what is not used otherwise", () =>
  inDirectory(async (directory) => {
    const path = join(directory, "config");
    await writeFile(path, "apiVersion: v1\nkind: Config\nextensions: [{name: x, extension: {kept: 1}}]\ncurrent-context: ''\n");
    await mergeContext(path, entry("one", "https://1"));
    await mergeContext(path, entry("two", "https://2"), { makeCurrent: false });
    await mergeContext(path, { ...entry("three", "https://3"), context: { name: "three", context: { cluster: "two", user: "three" } } });
    await mergeContext(path, entry("one", "https://changed"));
    await removeContext(path, "two");
    await removeContext(path, "nowhere");
    const file = parseKubeconfig(await readFile(path, "utf8"), path);
    assert.deepEqual(file["extensions"], [{ name: "x", extension: { kept: 1 } }]);
    assert.deepEqual(
      file.contexts?.map((c) => c.name),
      ["one", "three"],
    );
    assert.deepEqual(
      file.clusters?.map((c) => c.name),
      ["one", "two", "three"],
    );
    assert.deepEqual(
      file.users?.map((u) => u.name),
      ["one", "three"],
    );
    assert.equal(file.clusters?.[0]?.cluster.server, "https://changed");
    await removeContext(path, "one");
    assert.equal(parseKubeconfig(await readFile(path, "utf8"), path)["current-context"], "");
  }));

void test("a new file is private, a link stays a link, and nothing is left beside it", () =>
  inDirectory(async (directory) => {
    const target = join(directory, "target");
    await mergeContext(target, entry("one", "https://1"));
    assert.equal((await stat(target)).mode & 0o777, 0o600);
    const link = join(directory, "link");
    await symlink(target, link);
    await mergeContext(link, entry("two", "https://2"));
    assert.equal(parseKubeconfig(await readFile(target, "utf8"), target).contexts?.length, 2);
    assert.deepEqual((await readdir(directory)).sort(), ["link", "target"]);
  }));

void test("many writers at once lose nothing", () =>
  inDirectory(async (directory) => {
    const path = join(directory, "config");
    await Promise.all(Array.from({ length: 8 }, (_, i) => mergeContext(path, entry(`c${i}`, `https://${i}`))));
    assert.equal(parseKubeconfig(await readFile(path, "utf8"), path).contexts?.length, 8);
  }));

void test("text that is no kubeconfig is refused with the file's name", () => {
  assert.throws(() => parseKubeconfig("a: [", "/x/config"), /error loading config file "\/x\/config"/);
  assert.throws(() => parseKubeconfig("[1]", "/x/config"), /not a kubeconfig/);
});

void test("a pod finds its server from the environment and what is mounted", () =>
  inDirectory(async (directory) => {
    for (const [name, text] of [
      ["token", "t"],
      ["ca.crt", "CA"],
      ["namespace", "ns\n"],
    ])
      await writeFile(join(directory, name as string), text as string);
    const { config, namespace } = await inClusterConfig({ KUBERNETES_SERVICE_HOST: "fd00::1", KUBERNETES_SERVICE_PORT: "443" }, directory);
    assert.deepEqual(
      [config.server, config.certificateAuthority, config.tokenFile, namespace],
      ["https://[fd00::1]:443", "CA", join(directory, "token"), "ns"],
    );
    await assert.rejects(inClusterConfig({}, directory), /unable to load in-cluster configuration/);
  }));
