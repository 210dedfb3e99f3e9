/**
 * A read-only registry (OCI distribution 1.1: pull) over an {@link ImageStore}, for the node's runtime alone: it listens on
 * loopback. containerd asks it first for every registry (`?ns=` carries the registry's name) and goes to the registry itself
 * when the mirror has nothing.
 */
import { createReadStream, statSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { ImageStore } from "./image-store.ts";

export interface Mirror {
  /** On 127.0.0.1. */
  readonly port: number;
  close(): Promise<void>;
}

/** `port` 0 lets the system choose. */
export async function startMirror(store: ImageStore, port = 0): Promise<Mirror> {
  const server = createServer((request, response) => answer(store, request, response));
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function refuse(response: ServerResponse, status: number, code: string): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify({ errors: [{ code, message: code }] }));
}

function answer(store: ImageStore, request: IncomingMessage, response: ServerResponse): void {
  const url = new URL(request.url ?? "/", "http://mirror");
  if (request.method !== "GET" && request.method !== "HEAD") {
    refuse(response, 405, "UNSUPPORTED");
    return;
  }
  if (url.pathname === "/v2/" || url.pathname === "/v2") {
    response.writeHead(200, { "content-type": "application/json" }).end("{}");
    return;
  }
  const match = /^\/v2\/(.+)\/(manifests|blobs)\/([^/]+)$/.exec(url.pathname);
  const [, repository, what, reference] = match ?? [];
  if (repository === undefined || reference === undefined) {
    refuse(response, 404, "NAME_UNKNOWN");
    return;
  }
  const registry = url.searchParams.get("ns") ?? "docker.io";
  if (what === "manifests") sendManifest(store, registry, repository, reference, request, response);
  else sendBlob(store, reference, request, response);
}

function sendManifest(
  store: ImageStore,
  registry: string,
  repository: string,
  reference: string,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const found = store.resolve(registry, repository, reference);
  if (found === undefined) {
    refuse(response, 404, "MANIFEST_UNKNOWN");
    return;
  }
  response.writeHead(200, {
    "content-type": found.mediaType,
    "content-length": found.bytes.length,
    "docker-content-digest": found.digest,
  });
  response.end(request.method === "HEAD" ? undefined : found.bytes);
}

function sendBlob(store: ImageStore, digest: string, request: IncomingMessage, response: ServerResponse): void {
  const path = store.blobPath(digest);
  if (path === undefined) {
    refuse(response, 404, "BLOB_UNKNOWN");
    return;
  }
  const size = statSync(path).size;
  const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? "");
  const start = range === null ? 0 : Number(range[1]);
  const end = range === null || range[2] === "" ? size - 1 : Math.min(Number(range[2]), size - 1);
  if (start > end && size > 0) {
    response.writeHead(416, { "content-range": `bytes */${size}` }).end();
    return;
  }
  response.writeHead(range === null ? 200 : 206, {
    "content-type": "application/octet-stream",
    "content-length": end - start + 1,
    "docker-content-digest": digest,
    ...(range === null ? {} : { "content-range": `bytes ${start}-${end}/${size}` }),
  });
  if (request.method === "HEAD" || size === 0) response.end();
  else
    createReadStream(path, { start, end })
      .on("error", () => response.destroy())
      .pipe(response);
}
