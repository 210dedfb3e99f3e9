import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { notFound } from "../../core/api-error.ts";
import type { Pod, Volume } from "../../schema/types/core-v1.ts";
import { writeAtomically } from "./atomic-writer.ts";
import { prepareHostPath } from "./host-path.ts";
import { projectVolume, type ProjectionSources } from "./projection.ts";
import { bindSubPath } from "./sub-path.ts";

const root = mkdtempSync(join(tmpdir(), "volumes-"));
after(() => rmSync(root, { recursive: true }));

const file = (text: string, mode = 0o644) => ({ data: Buffer.from(text), mode });

describe("the atomic writer", () => {
  const directory = join(root, "atomic");
  mkdirSync(directory);

  it("shows files through one link, and replaces them all at once", () => {
    assert.equal(
      writeAtomically(
        directory,
        new Map([
          ["a", file("1")],
          ["sub/b", file("2", 0o600)],
        ]),
        undefined,
      ),
      true,
    );
    assert.equal(readFileSync(join(directory, "sub/b"), "utf8"), "2");
    assert.equal(statSync(join(directory, "sub/b")).mode & 0o777, 0o600);
    const before = readdirSync(directory).find((name) => name.startsWith("..2"));
    assert.equal(
      writeAtomically(
        directory,
        new Map([
          ["a", file("1")],
          ["sub/b", file("2", 0o600)],
        ]),
        undefined,
      ),
      false,
    );
    assert.equal(writeAtomically(directory, new Map([["a", file("new")]]), undefined), true);
    assert.equal(readFileSync(join(directory, "a"), "utf8"), "new");
    assert.deepEqual(
      readdirSync(directory).filter((name) => !name.startsWith("..")),
      ["a"],
    );
    assert.notEqual(
      readdirSync(directory).find((name) => name.startsWith("..2")),
      before,
    );
  });

  it("refuses paths that lead out", () => {
    for (const path of ["../x", "/x", "a/../../x", "..data"])
      assert.throws(() => writeAtomically(directory, new Map([[path, file("")]]), undefined), /invalid path/);
  });
});

describe("projected contents", () => {
  const sources: ProjectionSources = {
    objects: {
      configMap: (_ns, name) =>
        name === "cfg"
          ? Promise.resolve({ data: { k: "v" }, binaryData: { b: "AAE=" } })
          : Promise.reject(notFound({ group: "", resource: "configmap" }, name)),
      secret: (_ns, name) =>
        name === "sec" ? Promise.resolve({ data: { s: "czE=" } }) : Promise.reject(notFound({ group: "", resource: "secret" }, name)),
    },
    token: () => Promise.resolve("jwt"),
    allocatable: {},
    addresses: { podIPs: [], hostIPs: [] },
  };
  const pod: Pod = { metadata: { name: "p", namespace: "n" }, spec: { containers: [{ name: "a" }] } };
  const project = (volume: Partial<Volume>, p: Pod = pod) => projectVolume(p, { name: "v", ...volume }, sources);

  it("come from config maps and secrets, whole or by item", async () => {
    assert.deepEqual([...(await project({ configMap: { name: "cfg" } })).keys()], ["k", "b"]);
    const items = await project({ secret: { secretName: "sec", defaultMode: 0o400, items: [{ key: "s", path: "d/e", mode: 0o440 }] } });
    assert.equal(items.get("d/e")?.mode, 0o440);
    await assert.rejects(
      project({ configMap: { name: "cfg", items: [{ key: "none", path: "x" }] } }),
      /configmap references non-existent config key: none/,
    );
    await assert.rejects(project({ secret: { secretName: "none" } }), /secret "none" not found/);
    assert.equal((await project({ secret: { secretName: "none", optional: true } })).size, 0);
  });

  it("may be mixed, with a token that only its user reads", async () => {
    const volume = {
      projected: {
        sources: [
          { serviceAccountToken: { path: "token" } },
          { configMap: { name: "cfg" } },
          { downwardAPI: { items: [{ path: "ns", fieldRef: { fieldPath: "metadata.namespace" } }] } },
        ],
      },
    };
    const files = await project(volume);
    assert.deepEqual([...files.keys()], ["token", "k", "b", "ns"]);
    assert.equal(files.get("token")?.mode, 0o644);
    const user: Pod = { ...pod, spec: { containers: [{ name: "a", securityContext: { runAsUser: 7 } }] } };
    const own = (await project(volume, user)).get("token");
    assert.deepEqual([own?.mode, own?.uid], [0o600, 7]);
    const shared: Pod = { ...pod, spec: { ...user.spec, containers: user.spec?.containers ?? [], securityContext: { fsGroup: 9 } } };
    const both = (await project(volume, shared)).get("token");
    assert.deepEqual([both?.mode, both?.uid], [0o600, 7]);
    await assert.rejects(
      project({ projected: { sources: [{ clusterTrustBundle: { path: "x", name: "y" } }] } }),
      /clusterTrustBundle is not supported by this node/,
    );
  });
});

it("host paths are checked or made by their type", () => {
  const at = (name: string) => join(root, "host", name);
  prepareHostPath({ path: at("dir"), type: "DirectoryOrCreate" });
  prepareHostPath({ path: at("dir/file"), type: "FileOrCreate" });
  prepareHostPath({ path: at("dir"), type: "Directory" });
  assert.throws(() => prepareHostPath({ path: at("dir"), type: "File" }), {
    message: `hostPath type check failed: ${at("dir")} is not a file`,
  });
  assert.throws(() => prepareHostPath({ path: at("none"), type: "Socket" }), /is not a socket file/);
  prepareHostPath({ path: at("none"), type: "" });
});

it("a subPath does not lead out of its volume", async () => {
  const volume = join(root, "sub");
  mkdirSync(volume);
  writeFileSync(join(root, "outside"), "secret");
  symlinkSync(join(root, "outside"), join(volume, "link"));
  const target = join(root, "target");
  await assert.rejects(bindSubPath({ volume, subPath: "link", target }), /leads outside of the volume/);
  await assert.rejects(bindSubPath({ volume, subPath: "a/../../x", target }), /must not contain/);
  await assert.rejects(bindSubPath({ volume, subPath: "/etc", target }), /must not be an absolute path/);
});
