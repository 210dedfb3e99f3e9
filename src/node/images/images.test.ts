import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { containerdConfig, parseVersion } from "../containerd.ts";
import { digestOf, ImageStore, mediaTypes } from "./image-store.ts";
import { startMirror } from "./mirror.ts";
import { pauseBinary } from "./pause.ts";
import { credentialsFor } from "./pull-secrets.ts";
import { canonicalName, parseReference, withDefaultTag } from "./references.ts";
import { tar } from "./tar.ts";

const directory = mkdtempSync(join(tmpdir(), "images-"));
after(() => rmSync(directory, { recursive: true }));

describe("image names", () => {
  it("are completed as runtimes do", () => {
    assert.equal(canonicalName("busybox"), "docker.io/library/busybox:latest");
    assert.equal(canonicalName("me/app:1"), "docker.io/me/app:1");
    assert.equal(canonicalName("localhost:5000/app"), "localhost:5000/app:latest");
    assert.equal(canonicalName(`r.io/a@sha256:${"0".repeat(64)}`), `r.io/a@sha256:${"0".repeat(64)}`);
    assert.equal(withDefaultTag("busybox"), "busybox:latest");
    assert.equal(withDefaultTag("busybox:1"), "busybox:1");
  });

  it("that are none are refused", () => {
    for (const name of ["", "UPPER", "a b", "a:b:c!", "/x", "x@sha256:1"])
      assert.throws(() => parseReference(name), /invalid reference format/, name);
  });
});

describe("the image store", () => {
  const store = new ImageStore(join(directory, "store"));
  const build = () =>
    store.build({
      name: "demo/web:1",
      architecture: "amd64",
      files: [{ path: "hello", type: "file", content: Buffer.from("hi") }],
      config: { Cmd: ["/hello"] },
    });

  it("makes the same image from the same input", () => assert.equal(build().digest, build().digest));

  it("serves it as a registry would, by tag and digest, and in parts", async () => {
    const { digest } = build();
    const mirror = await startMirror(store);
    const at = (path: string): string => `http://127.0.0.1:${mirror.port}/v2/demo/web/${path}?ns=docker.io`;
    try {
      const answer = await fetch(at("manifests/1"));
      assert.equal(answer.headers.get("docker-content-digest"), digest);
      const manifest = (await answer.json()) as { layers: { digest: string; size: number }[] };
      assert.equal((await fetch(at(`manifests/${digest}`), { method: "HEAD" })).status, 200);
      const layer = manifest.layers[0] as { digest: string; size: number };
      const bytes = Buffer.from(await (await fetch(at(`blobs/${layer.digest}`))).arrayBuffer());
      assert.equal(digestOf(bytes), layer.digest);
      const part = await fetch(at(`blobs/${layer.digest}`), { headers: { range: "bytes=0-4" } });
      assert.deepEqual([part.status, await part.text()], [206, "hello"]);
      assert.equal((await fetch(at("manifests/none"))).status, 404);
      assert.equal((await fetch(`http://127.0.0.1:${mirror.port}/v2/demo/web/manifests/1?ns=quay.io`)).status, 404);
    } finally {
      await mirror.close();
    }
  });

  it("loads docker-save and OCI archives, and refuses damaged ones", async () => {
    const layer = tar([{ path: "x", type: "file", content: Buffer.from("1") }]);
    const config = Buffer.from(
      JSON.stringify({ architecture: "amd64", os: "linux", rootfs: { type: "layers", diff_ids: [digestOf(layer)] } }),
    );
    const save = join(directory, "save.tar");
    const manifest = [{ Config: "c.json", RepoTags: ["old:1"], Layers: ["l/layer.tar"] }];
    writeFileSync(
      save,
      tar([
        { path: "c.json", type: "file", content: config },
        { path: "l/layer.tar", type: "file", content: layer },
        { path: "manifest.json", type: "file", content: Buffer.from(JSON.stringify(manifest)) },
      ]),
    );
    assert.equal((await store.load(save))[0]?.name, "docker.io/library/old:1");

    const oci = (bytes: Buffer): Buffer => {
      const document = Buffer.from(
        JSON.stringify({
          schemaVersion: 2,
          mediaType: mediaTypes.manifest,
          config: { mediaType: mediaTypes.config, digest: digestOf(config), size: config.length },
          layers: [{ mediaType: mediaTypes.layer, digest: digestOf(layer), size: layer.length }],
        }),
      );
      const index = {
        schemaVersion: 2,
        manifests: [
          {
            mediaType: mediaTypes.manifest,
            digest: digestOf(document),
            size: document.length,
            annotations: { "io.containerd.image.name": "r.io/new:1" },
          },
        ],
      };
      const blob = (digest: string, content: Buffer) => ({ path: `blobs/sha256/${digest.slice(7)}`, type: "file" as const, content });
      return tar([
        { path: "oci-layout", type: "file", content: Buffer.from('{"imageLayoutVersion":"1.0.0"}') },
        { path: "index.json", type: "file", content: Buffer.from(JSON.stringify(index)) },
        blob(digestOf(document), document),
        blob(digestOf(config), config),
        blob(digestOf(layer), bytes),
      ]);
    };
    const archive = join(directory, "oci.tar");
    writeFileSync(archive, oci(Buffer.from("broken")));
    const other = new ImageStore(join(directory, "other"));
    await assert.rejects(other.load(archive), /oci\.tar: blob sha256:\w+ is damaged/);
    writeFileSync(archive, oci(layer));
    assert.equal((await other.load(archive))[0]?.name, "r.io/new:1");
    writeFileSync(archive, "no archive");
    await assert.rejects(other.load(archive), /oci\.tar: /);
  });

  it("forgets an image with what only it needs", () => {
    const { digest } = build();
    assert.equal(store.remove("demo/web:1"), true);
    assert.equal(store.blobPath(digest), undefined);
    assert.equal(store.remove("demo/web:1"), false);
  });
});

it("credentials fit their registry, the most specific first", () => {
  const auths = {
    "https://index.docker.io/v1/": { auth: Buffer.from("u:p").toString("base64") },
    "*.example.org": { username: "a", password: "b" },
    "r.example.org/team": { username: "c", password: "d" },
  };
  const secret = { data: { ".dockerconfigjson": Buffer.from(JSON.stringify({ auths })).toString("base64") } };
  assert.deepEqual(credentialsFor("busybox", [secret])[0], { username: "u", password: "p", serverAddress: "docker.io" });
  assert.deepEqual(
    credentialsFor("r.example.org/team/app", [secret]).map((a) => a.username),
    ["c", "a"],
  );
  assert.deepEqual(credentialsFor("quay.io/x/y", [secret]), []);
});

describe("the pause program", () => {
  it("is a small static executable for both architectures", () => {
    for (const architecture of ["amd64", "arm64"] as const) {
      const binary = pauseBinary(architecture);
      assert.equal(binary.toString("latin1", 1, 4), "ELF");
      assert.ok(binary.length < 512);
    }
  });

  it("ends with status 0 when asked to", {
    skip: process.arch !== "x64" || process.platform !== "linux" ? "needs Linux on amd64" : false,
  }, () => {
    const path = join(directory, "pause");
    writeFileSync(path, pauseBinary("amd64"), { mode: 0o755 });
    const ended = spawnSync("sh", ["-c", `${path} & p=$!; sleep 0.05; kill -0 $p && kill -TERM $p; wait $p`]);
    assert.equal(ended.status, 0, ended.stderr.toString());
  });
});

describe("containerd's configuration", () => {
  const options = {
    binary: "/usr/bin/containerd",
    directory: "/d",
    sandboxImage: "pause:1",
    mirrorPort: 5,
    cniBinDir: "/bin",
    cniConfDir: "/conf",
  };

  it("names plugins as each major version does", () => {
    const old = containerdConfig(options, "1.6.20", { restrictOom: true, snapshotter: "overlayfs" });
    assert.match(old, /^version = 2\n/);
    assert.match(old, /\[plugins\."io\.containerd\.grpc\.v1\.cri"\]\n {2}sandbox_image = "pause:1"/);
    assert.match(old, /restrict_oom_score_adj = true/);
    const modern = containerdConfig(options, "2.2.9+unknown", { restrictOom: false, snapshotter: "native" });
    assert.match(modern, /^version = 3\n/);
    assert.match(modern, /\[plugins\."io\.containerd\.cri\.v1\.images"\.pinned_images\]\n {4}sandbox = "pause:1"/);
    assert.match(modern, /snapshotter = "native"/);
    assert.match(modern, /\[plugins\."io\.containerd\.cri\.v1\.runtime"\.cni\]\n(?: {4}.*\n)* {4}use_internal_loopback = true\n/);
    assert.doesNotMatch(old, /use_internal_loopback/);
  });

  it("reads versions", () =>
    assert.equal(parseVersion("containerd github.com/containerd/containerd 1.6.20~ds1 1.6.20~ds1-1\n"), "1.6.20~ds1"));
});

it("tar archives are read by tar", { skip: spawnSync("tar", ["--version"]).status === 0 ? false : "needs tar" }, () => {
  const file = join(directory, "t.tar");
  const long = `${"d".repeat(90)}/${"f".repeat(60)}`;
  writeFileSync(
    file,
    tar([
      { path: "bin", type: "directory" },
      { path: "bin/sh", type: "symlink", target: "busybox" },
      { path: long, type: "file", content: Buffer.from("deep") },
    ]),
  );
  const listed = spawnSync("tar", ["-tf", file]);
  assert.deepEqual(listed.stdout.toString().trim().split("\n"), ["bin/", "bin/sh", long]);
  assert.equal(readFileSync(file).length % 512, 0);
});
