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
  await must(server, post("/api/v1/namespaces", { metadata: { name: namespace } }));
  for (let i = 0; ; i++) {
    const answer = await server.ask(post(`/api/v1/namespaces/${namespace}/serviceaccounts`, { metadata: { name: "default" } }));
    if (ok(answer) || i > 50) return;
    await new Promise((done) => setTimeout(done, 100));
  }
}

/** The stored form of a base, and what stands for `@rv@` and `@uid@` in requests about it. */
export interface StoredObject {
  readonly path: string;
  readonly object: Json;
}

export function nameOf(base: Json): string {
  return (base["metadata"] as { name: string }).name;
}

/** Stores a base and answers what the server made of it. */
export async function store(server: Server, kind: TestedKind, base: Json, name: string): Promise<StoredObject> {
  const at = collectionPath(kind);
  const named = { ...base, metadata: { ...(base["metadata"] as Json), name } };
  await must(server, post(at, named));
  const path = `${at}/${name}`;
  if ("status" in base && kind.row.subresources?.some((s) => s.subresource === "status")) {
    const { body } = await must(server, { method: "GET", path });
    await must(server, { method: "PUT", path: `${path}/status`, body: JSON.stringify({ ...(body as Json), status: base["status"] }) });
  }
  const { body } = await must(server, { method: "GET", path });
  return { path, object: body as Json };
}

export async function remove(server: Server, path: string): Promise<void> {
  await server.ask({ method: "PATCH", path, headers: { "content-type": "application/merge-patch+json" }, body: '{"metadata":{"finalizers":null}}' });
  await server.ask({ method: "DELETE", path: `${path}?gracePeriodSeconds=0` });
}
