/**
 * Images on this machine, kept as a registry would: blobs by digest, and names that point at manifests. Filled from OCI
 * and Docker archives; every node's mirror serves from it. Several processes may use one directory: each file is written
 * beside its place and moved there, and `names.json` is read anew.
 */
import { createHash, randomUUID } from "node:crypto";
import {
  closeSync,
  createReadStream,
  createWriteStream,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
  type ReadStream,
} from "node:fs";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { tar, type TarEntry } from "./tar.ts";
import type { Architecture } from "./pause.ts";
import { canonicalName, parseReference } from "./references.ts";

export interface Descriptor {
  mediaType: string;
  digest: string;
  size: number;
  annotations?: Record<string, string>;
  platform?: { architecture: string; os: string };
}

interface Manifest {
  schemaVersion: 2;
  mediaType: string;
  config: Descriptor;
  layers: Descriptor[];
}

export interface StoredImage {
  /** `docker.io/library/busybox:latest` */
  name: string;
  /** Digest of its manifest or index. */
  digest: string;
}

export const mediaTypes = {
  index: "application/vnd.oci.image.index.v1+json",
  manifest: "application/vnd.oci.image.manifest.v1+json",
  config: "application/vnd.oci.image.config.v1+json",
  layer: "application/vnd.oci.image.layer.v1.tar",
} as const;

const digestPattern = /^sha256:[0-9a-f]{64}$/;

export function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

export class ImageStore {
  readonly directory: string;

  constructor(directory: string) {
    this.directory = directory;
    mkdirSync(join(directory, "blobs", "sha256"), { recursive: true });
  }

  /** The file whose change says that names have changed. */
  get namesFile(): string {
    return join(this.directory, "names.json");
  }

  #names(): Record<string, { digest: string; mediaType: string }> {
    if (!existsSync(this.namesFile)) return {};
    return JSON.parse(readFileSync(this.namesFile, "utf8")) as Record<string, { digest: string; mediaType: string }>;
  }

  #write(path: string, bytes: string | Uint8Array): void {
    const beside = `${path}.${randomUUID()}`;
    writeFileSync(beside, bytes);
    renameSync(beside, path);
  }

  list(): StoredImage[] {
    return Object.entries(this.#names()).map(([name, { digest }]) => ({ name, digest }));
  }

  blobPath(digest: string): string | undefined {
    if (!digestPattern.test(digest)) return undefined;
    const path = join(this.directory, "blobs", "sha256", digest.slice(7));
    return existsSync(path) ? path : undefined;
  }

  /** What `registry/repository` has under a tag or digest: a manifest or an index. */
  resolve(registry: string, repository: string, reference: string): { digest: string; mediaType: string; bytes: Buffer } | undefined {
    const names = this.#names();
    let found = names[`${registry}/${repository}:${reference}`];
    if (found === undefined && digestPattern.test(reference)) {
      const path = this.blobPath(reference);
      if (path !== undefined) found = { digest: reference, mediaType: mediaTypeOf(readFileSync(path)) };
    }
    const path = found === undefined ? undefined : this.blobPath(found.digest);
    return found === undefined || path === undefined ? undefined : { ...found, bytes: readFileSync(path) };
  }

  putBlob(bytes: Uint8Array): string {
    const digest = digestOf(bytes);
    if (this.blobPath(digest) === undefined) this.#write(join(this.directory, "blobs", "sha256", digest.slice(7)), bytes);
    return digest;
  }

  tag(name: string, digest: string, mediaType: string): void {
    const names = this.#names();
    const key = canonicalName(name);
    if (names[key]?.digest === digest) return;
    names[key] = { digest, mediaType };
    this.#write(this.namesFile, JSON.stringify(names, null, 1));
  }

  /** Forgets a name; blobs that no name reaches any more are deleted. False when there was none. */
  remove(name: string): boolean {
    const names = this.#names();
    const key = canonicalName(name);
    if (!Object.hasOwn(names, key)) return false;
    const before = this.#reachable(Object.values(names).map((n) => n.digest));
    delete names[key];
    this.#write(this.namesFile, JSON.stringify(names, null, 1));
    const after = this.#reachable(Object.values(names).map((n) => n.digest));
    for (const digest of before) if (!after.has(digest)) rmSync(join(this.directory, "blobs", "sha256", digest.slice(7)), { force: true });
    return true;
  }

  #reachable(roots: string[]): Set<string> {
    const seen = new Set<string>();
    const visit = (digest: string): void => {
      const path = this.blobPath(digest);
      if (seen.has(digest) || path === undefined) return;
      seen.add(digest);
      const document = JSON.parse(readFileSync(path, "utf8")) as Partial<Manifest> & { manifests?: Descriptor[] };
      for (const child of document.manifests ?? []) visit(child.digest);
      for (const blob of [document.config, ...(document.layers ?? [])]) if (blob !== undefined) seen.add(blob.digest);
    };
    roots.forEach(visit);
    return seen;
  }

  /**
   * Takes the images of an OCI layout or `docker save` archive (plain or gzip). Resolves with their names. Throws an Error
   * that names the file when it is no such archive or its blobs do not match their digests.
   */
  async load(file: string): Promise<StoredImage[]> {
    const work = join(this.directory, `load-${randomUUID()}`);
    mkdirSync(work, { recursive: true });
    try {
      const { unpackTar } = await import("modern-tar/fs");
      const source: ReadStream = createReadStream(file);
      const stages: Readable = isGzip(file) ? source.pipe(createGunzip()) : source;
      await pipeline(stages, unpackTar(work));
      if (existsSync(join(work, "index.json"))) return await this.#takeLayout(work);
      if (existsSync(join(work, "manifest.json"))) return await this.#takeDockerSave(work);
      throw new Error("neither an OCI layout (index.json) nor a docker-save archive (manifest.json)");
    } catch (error) {
      throw new Error(`${file}: ${(error as Error).message}`, { cause: error });
    } finally {
      rmSync(work, { recursive: true, force: true });
    }
  }

  async #takeLayout(work: string): Promise<StoredImage[]> {
    const index = JSON.parse(readFileSync(join(work, "index.json"), "utf8")) as { manifests: Descriptor[] };
    const dockerNames = existsSync(join(work, "manifest.json")) ? dockerTags(work) : [];
    const loaded: StoredImage[] = [];
    for (const descriptor of index.manifests) {
      await this.#takeTree(work, descriptor.digest);
      const annotations = descriptor.annotations ?? {};
      const named = annotations["io.containerd.image.name"] ?? annotations["org.opencontainers.image.ref.name"];
      const names =
        named !== undefined && (named.includes("/") || named.includes(":")) ? [named] : index.manifests.length === 1 ? dockerNames : [];
      for (const name of names) {
        this.tag(name, descriptor.digest, descriptor.mediaType);
        loaded.push({ name: canonicalName(name), digest: descriptor.digest });
      }
    }
    if (loaded.length === 0) throw new Error("the archive names no image");
    return loaded;
  }

  /** A blob and, when it is a manifest or an index, what it points at. Parts for other platforms may be missing. */
  async #takeTree(work: string, digest: string): Promise<void> {
    if (!digestPattern.test(digest)) throw new Error(`unsupported digest ${digest}`);
    const source = join(work, "blobs", "sha256", digest.slice(7));
    if (!existsSync(source)) return;
    await this.#takeFile(source, digest);
    if (statSync(join(this.directory, "blobs", "sha256", digest.slice(7))).size > 4 << 20) return;
    const document = parseDocument(readFileSync(join(this.directory, "blobs", "sha256", digest.slice(7))));
    for (const child of document?.manifests ?? []) await this.#takeTree(work, child.digest);
    for (const blob of [document?.config, ...(document?.layers ?? [])]) {
      if (blob === undefined) continue;
      const path = join(work, "blobs", "sha256", blob.digest.slice(7));
      if (existsSync(path)) await this.#takeFile(path, blob.digest);
    }
  }

  async #takeFile(source: string, digest: string): Promise<void> {
    const hash = createHash("sha256");
    await pipeline(createReadStream(source), hash);
    const actual = `sha256:${hash.digest("hex")}`;
    if (actual !== digest) throw new Error(`blob ${digest} is damaged: its digest is ${actual}`);
    if (this.blobPath(digest) === undefined) renameSync(source, join(this.directory, "blobs", "sha256", digest.slice(7)));
  }

  /** The format before OCI: a config and plain layer archives, without a manifest. One is written for it. */
  async #takeDockerSave(work: string): Promise<StoredImage[]> {
    const loaded: StoredImage[] = [];
    for (const row of dockerManifest(work)) {
      const config = readFileSync(join(work, row.Config));
      const layers: Descriptor[] = [];
      for (const layer of row.Layers) {
        const hash = createHash("sha256");
        const copy = join(work, `layer-${randomUUID()}`);
        const source = join(work, layer);
        await pipeline(createReadStream(source), createWriteStream(copy));
        await pipeline(createReadStream(copy), hash);
        const digest = `sha256:${hash.digest("hex")}`;
        layers.push({ mediaType: isGzip(copy) ? `${mediaTypes.layer}+gzip` : mediaTypes.layer, digest, size: statSync(copy).size });
        if (this.blobPath(digest) === undefined) renameSync(copy, join(this.directory, "blobs", "sha256", digest.slice(7)));
      }
      const digest = this.#putManifest(config, layers);
      for (const name of row.RepoTags ?? []) {
        this.tag(name, digest, mediaTypes.manifest);
        loaded.push({ name: canonicalName(name), digest });
      }
    }
    if (loaded.length === 0) throw new Error("the archive names no image");
    return loaded;
  }

  #putManifest(config: Uint8Array, layers: Descriptor[]): string {
    const manifest: Manifest = {
      schemaVersion: 2,
      mediaType: mediaTypes.manifest,
      config: { mediaType: mediaTypes.config, digest: this.putBlob(config), size: config.length },
      layers,
    };
    return this.putBlob(Buffer.from(JSON.stringify(manifest)));
  }

  /** Makes an image of one layer. Equal input gives an equal digest. */
  build(image: BuildImage): StoredImage {
    const layer = tar(image.files);
    const config = Buffer.from(
      JSON.stringify({
        architecture: image.architecture,
        os: "linux",
        config: image.config,
        rootfs: { type: "layers", diff_ids: [digestOf(layer)] },
      }),
    );
    const digest = this.#putManifest(config, [{ mediaType: mediaTypes.layer, digest: this.putBlob(layer), size: layer.length }]);
    this.tag(image.name, digest, mediaTypes.manifest);
    return { name: canonicalName(image.name), digest };
  }
}

export interface BuildImage {
  name: string;
  architecture: Architecture;
  files: TarEntry[];
  /** The OCI image config's `config`: Entrypoint, Cmd, Env, User, WorkingDir, … */
  config: Record<string, unknown>;
}

function isGzip(file: string): boolean {
  const head = Buffer.alloc(2);
  const opened = openSync(file, "r");
  try {
    readSync(opened, head, 0, 2, 0);
  } finally {
    closeSync(opened);
  }
  return head[0] === 0x1f && head[1] === 0x8b;
}

function parseDocument(bytes: Buffer): (Partial<Manifest> & { manifests?: Descriptor[] }) | undefined {
  if (bytes[0] !== 0x7b) return undefined;
  return JSON.parse(bytes.toString("utf8")) as Partial<Manifest> & { manifests?: Descriptor[] };
}

function mediaTypeOf(bytes: Buffer): string {
  const document = parseDocument(bytes);
  return document?.mediaType ?? (document?.manifests === undefined ? mediaTypes.manifest : mediaTypes.index);
}

interface DockerRow {
  Config: string;
  RepoTags?: string[];
  Layers: string[];
}

function dockerManifest(work: string): DockerRow[] {
  return JSON.parse(readFileSync(join(work, "manifest.json"), "utf8")) as DockerRow[];
}

function dockerTags(work: string): string[] {
  return dockerManifest(work).flatMap((row) => row.RepoTags ?? []);
}

/** Where a registry keeps a name: `["docker.io", "library/busybox"]`. */
export function repositoryOf(name: string): { registry: string; repository: string } {
  const { registry, repository } = parseReference(name);
  return { registry, repository };
}
