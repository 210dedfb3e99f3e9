/** Who may use the kubelet's API: clients with a certificate of the cluster's CA, or a token, whom the API server allows it. */
import type { IncomingMessage } from "node:http";
import type { TLSSocket } from "node:tls";
import type { UserInfo } from "../../auth/user.ts";
import type { Client } from "../../client/client.ts";
import type { Clock } from "../../core/clock.ts";
import { tokenreviews } from "../../schema/types/authentication-v1.ts";
import { subjectaccessreviews } from "../../schema/types/authorization-v1.ts";
import { HttpProblem } from "./targets.ts";

export interface KubeletAccessOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly nodeName: string;
  readonly trustedUsers: readonly string[];
}

const allowedFor = 5 * 60_000;
const deniedFor = 30_000;
const authenticatedFor = 2 * 60_000;
const maxKept = 1000;

const verbs: Record<string, string> = { GET: "get", HEAD: "get", POST: "create", PUT: "update", PATCH: "patch", DELETE: "delete" };

/** Subresources of `nodes` that a path stands for: the narrow one first, then what allows it too (KEP-2862). */
export function subresourcesOf(path: string): string[] {
  const is = (prefix: string): boolean => path === prefix || path.startsWith(`${prefix}/`);
  if (is("/stats")) return ["stats"];
  if (is("/metrics")) return ["metrics"];
  if (is("/logs")) return ["log"];
  if (is("/checkpoint")) return ["checkpoint"];
  if (is("/pods") || is("/runningpods")) return ["pods", "proxy"];
  if (is("/healthz")) return ["healthz", "proxy"];
  if (is("/configz")) return ["configz", "proxy"];
  return ["proxy"];
}

export class KubeletAccess {
  readonly #options: KubeletAccessOptions;
  readonly #decisions = new Map<string, { allowed: boolean; until: number }>();
  readonly #tokens = new Map<string, { user: UserInfo; until: number }>();

  constructor(options: KubeletAccessOptions) {
    this.#options = options;
  }

  /** Throws 401 or 403. */
  async check(request: IncomingMessage, path: string): Promise<void> {
    const user = certificateUser(request) ?? (await this.#tokenUser(request));
    if (user === undefined) throw new HttpProblem(401, "Unauthorized");
    if (this.#options.trustedUsers.includes(user.name) || user.groups.includes("system:masters")) return;
    const verb = verbs[request.method ?? ""] ?? "get";
    for (const subresource of subresourcesOf(path)) if (await this.#allowed(user, verb, subresource)) return;
    const [subresource] = subresourcesOf(path);
    throw new HttpProblem(403, `Forbidden (user=${user.name}, verb=${verb}, resource=nodes, subresource(s)=[${subresource ?? ""}])`);
  }

  async #tokenUser(request: IncomingMessage): Promise<UserInfo | undefined> {
    const token = /^Bearer (.+)$/i.exec(request.headers.authorization ?? "")?.[1];
    if (token === undefined) return undefined;
    const { client, clock } = this.#options;
    const kept = this.#tokens.get(token);
    if (kept !== undefined && clock.now() < kept.until) return kept.user;
    const review = await client
      .resource(tokenreviews)
      .create({ apiVersion: "authentication.k8s.io/v1", kind: "TokenReview", spec: { token } });
    if (review.status?.authenticated !== true) return undefined;
    const { username = "", uid, groups = [], extra } = review.status.user ?? {};
    const user: UserInfo = { name: username, groups, ...(uid === undefined ? {} : { uid }), ...(extra === undefined ? {} : { extra }) };
    if (this.#tokens.size >= maxKept) this.#tokens.clear();
    this.#tokens.set(token, { user, until: clock.now() + authenticatedFor });
    return user;
  }

  async #allowed(user: UserInfo, verb: string, subresource: string): Promise<boolean> {
    const { client, clock, nodeName } = this.#options;
    const key = JSON.stringify([user, verb, subresource]);
    const kept = this.#decisions.get(key);
    if (kept !== undefined && clock.now() < kept.until) return kept.allowed;
    const review = await client.resource(subjectaccessreviews).create({
      apiVersion: "authorization.k8s.io/v1",
      kind: "SubjectAccessReview",
      spec: {
        user: user.name,
        groups: [...user.groups],
        ...(user.uid === undefined ? {} : { uid: user.uid }),
        ...(user.extra === undefined ? {} : { extra: Object.fromEntries(Object.entries(user.extra).map(([k, v]) => [k, [...v]])) }),
        resourceAttributes: { verb, version: "v1", resource: "nodes", subresource, name: nodeName },
      },
    });
    const allowed = review.status?.allowed === true;
    if (this.#decisions.size >= maxKept) this.#decisions.clear();
    this.#decisions.set(key, { allowed, until: clock.now() + (allowed ? allowedFor : deniedFor) });
    return allowed;
  }
}

/** Name and groups from a client certificate that the cluster's CA has signed. */
function certificateUser(request: IncomingMessage): UserInfo | undefined {
  const socket = request.socket as TLSSocket;
  if (!socket.authorized) return undefined;
  const { subject } = socket.getPeerCertificate();
  // One organisation is a string, several are an array.
  const organizations = [(subject as { O?: string | string[] } | undefined)?.O ?? []].flat();
  const name = [subject?.CN ?? []].flat()[0];
  return name === undefined ? undefined : { name, groups: [...organizations, "system:authenticated"] };
}
