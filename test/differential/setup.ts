/** What a run finds on both servers: a namespace, and the objects that updates start from. */
import { collectionPath, type TestedKind } from "./bases.ts";
import { namespace, type Answer, type CaseRequest, type Server } from "./case.ts";
import type { Json } from "./objects.ts";

const ok = (answer: Answer): boolean => answer.status < 300 || answer.status === 409;

async function must(server: Server, request: CaseRequest): Promise<Answer> {
  const answer = await server.ask(request);
  if (!ok(answer)) throw new Error(`${request.method} ${request.path}: ${answer.status} ${JSON.stringify(answer.body)}`);
  return answer;
}

const post = (path: string, body: unknown): CaseRequest => ({ method: "POST", path, body: JSON.stringify(body) });

/** The namespace and what pods in it need. */
export async function prepare(server: Server): Promise<void> {
  const made = await server.ask(post("/api/v1/namespaces", { metadata: { name: namespace } }));
  // The silent server.
  if (made.status === 0) return;
  for (let i = 0; ; i++) {
    const answer = await server.ask(post(`/api/v1/namespaces/${namespace}/serviceaccounts`, { metadata: { name: "default" } }));
    if (ok(answer) || i > 50) return;
    await new Promise((done) => setTimeout(done, 100));
  }
}

/** What stands for `@rv@` and `@uid@` in requests about an object. */
export interface Identity {
  readonly resourceVersion: string;
  readonly uid: string;
}

/** The request with what the server it goes to gave the object. */
export function placed(request: CaseRequest, places: ReadonlyMap<string, Identity>): CaseRequest {
  if (request.body === undefined || !request.body.includes("@")) return request;
  const at = request.path.split("?")[0] as string;
  const found = places.get(at) ?? places.get(at.slice(0, at.lastIndexOf("/")));
  if (found === undefined) return request;
  const body = request.body.replaceAll("@rv@", found.resourceVersion).replaceAll("@uid@", found.uid).replaceAll("@namespace@", namespace);
  return { ...request, body };
}

/** A base as upstream stored it, without what is the server's own, and with placeholders for its version and uid. */
export interface StoredObject {
  readonly path: string;
  readonly object: Json;
}

export function nameOf(base: Json): string {
  return (base["metadata"] as { name: string }).name;
}

/** Stores a base; undefined when the server refuses it. */
export async function store(
  server: Server,
  kind: TestedKind,
  base: Json,
  places: Map<string, Identity>,
): Promise<StoredObject | undefined> {
  const at = collectionPath(kind);
  const path = `${at}/${nameOf(base)}`;
  const created = await server.ask(post(at, base));
  if (!ok(created)) return undefined;
  const { body: first } = await must(server, { method: "GET", path });
  if ("status" in base && kind.row.subresources?.some((s) => s.subresource === "status") === true) {
    await must(server, { method: "PUT", path: `${path}/status`, body: JSON.stringify({ ...(first as Json), status: base["status"] }) });
  }
  const body = await settled(server, path);
  const { managedFields: _, ...metadata } = (body as { metadata: Json & Identity }).metadata;
  const { uid, resourceVersion } = metadata as unknown as Identity;
  places.set(path, { uid, resourceVersion });
  const text = JSON.stringify({
    ...(body as Json),
    metadata: { ...metadata, resourceVersion: "@rv@", uid: undefined, creationTimestamp: undefined },
  });
  return { path, object: JSON.parse(text.replaceAll(uid, "@uid@")) as Json };
}

/** The object when the server itself has stopped writing it: definitions get their names accepted, API services are tried. */
async function settled(server: Server, path: string): Promise<unknown> {
  const slow =
    path.startsWith("/apis/apiextensions.k8s.io/") || path.startsWith("/apis/apiregistration.k8s.io/") || path.includes("/flowschemas/");
  for (let last = ""; ; ) {
    const { body } = await must(server, { method: "GET", path });
    const { resourceVersion } = (body as { metadata: Identity }).metadata;
    if (!slow || resourceVersion === last) return body;
    last = resourceVersion;
    await new Promise((done) => setTimeout(done, 1500));
  }
}

export async function remove(server: Server, path: string): Promise<void> {
  await server.ask({
    method: "PATCH",
    path,
    headers: { "content-type": "application/merge-patch+json" },
    body: '{"metadata":{"finalizers":null}}',
  });
  await server.ask({ method: "DELETE", path: `${path}?gracePeriodSeconds=0` });
  if (/^\/api\/v1\/namespaces\/[^/]+$/.test(path)) {
    // No controller empties namespaces here: they are let go as they are.
    const { status, body } = await server.ask({ method: "GET", path });
    if (status === 200)
      await server.ask({ method: "PUT", path: `${path}/finalize`, body: JSON.stringify({ ...(body as Json), spec: { finalizers: [] } }) });
  }
}
