/** A server behind an APIService: how requests get there, and in whose name. */
import { request as httpsRequest } from "node:https";
import type { RemoteAnswer, RemoteVersion } from "../../apiserver/aggregation/remote-version.ts";
import type { ApiRequest, ApiResponse } from "../../apiserver/request.ts";
import type { UserInfo } from "../../auth/user.ts";
import { goNetworkError } from "../../client/webhook/go-errors.ts";
import { isApiError } from "../../core/api-error.ts";
import type { KubeObject } from "../../schema/object.ts";
import type { APIService } from "../../schema/types/apiregistration-v1.ts";
import type { ResourceDeps } from "../deps.ts";
import { type Backend, type BackendTls, hostPort } from "../proxy/backend.ts";
import { reverseProxy } from "../proxy/reverse-proxy.ts";
import { tunnelUpgrade, wantsUpgrade } from "../proxy/upgrade-tunnel.ts";
import { resolveServiceEndpoint } from "../services/endpoint-resolution.ts";
import { isAvailable } from "./availability.ts";

/** PEM. What this server shows of itself: extension servers then believe the users that it names (front proxy). */
export interface FrontProxy {
  readonly certificate: string;
  readonly key: string;
}

export interface RemoteServerOptions {
  readonly frontProxy?: FrontProxy | undefined;
  /** Users' uids are handed on (`RemoteRequestHeaderUID`). */
  readonly uids: boolean;
}

/** Whom documents are asked for as. */
const aggregator: UserInfo = { name: "system:kube-aggregator", groups: ["system:masters"] };
const fetchTimeout = 5_000;
/** Documents beyond this are no documents. */
const fetchLimit = 64 * 1024 * 1024;

export class RemoteServer implements RemoteVersion {
  readonly group: string;
  readonly version: string;
  readonly groupPriority: number;
  readonly versionPriority: number;
  readonly server: string;
  readonly #deps: ResourceDeps;
  readonly #options: RemoteServerOptions;
  readonly #service: { readonly namespace: string; readonly name: string; readonly port: number };
  readonly #tls: BackendTls;
  readonly #available: boolean;

  constructor(deps: ResourceDeps, service: APIService, options: RemoteServerOptions) {
    const { spec, status } = service;
    this.group = spec?.group ?? "";
    this.version = spec?.version ?? "";
    this.groupPriority = spec?.groupPriorityMinimum ?? 0;
    this.versionPriority = spec?.versionPriority ?? 0;
    const { namespace = "", name = "", port = 443 } = spec?.service ?? {};
    this.#service = { namespace, name, port };
    this.server = `${namespace}/${name}:${port}`;
    this.#deps = deps;
    this.#options = options;
    const { caBundle, insecureSkipTLSVerify = false } = spec ?? {};
    this.#tls = {
      ca: caBundle ? Buffer.from(caBundle, "base64").toString("utf8") : undefined,
      cert: options.frontProxy?.certificate,
      key: options.frontProxy?.key,
      serverName: `${name}.${namespace}.svc`,
      verify: !insecureSkipTLSVerify,
    };
    this.#available = isAvailable(status);
  }

  async proxy(request: ApiRequest): Promise<ApiResponse> {
    if (!this.#available) return page(503, "service unavailable");
    if (request.user === undefined) return page(500, "missing user");
    const backend = await this.#backend().catch((error: unknown) => {
      if (!isApiError(error)) throw error;
      return undefined;
    });
    if (backend === undefined) return page(503, "service unavailable");
    const forwarded = this.#forwarded(request, request.user, backend);
    if (wantsUpgrade(request)) {
      const query = request.query.toString();
      return await tunnelUpgrade(forwarded, backend, query === "" ? request.path : `${request.path}?${query}`);
    }
    try {
      const response = await reverseProxy(forwarded, backend, request.path);
      return request.inProcess === true && response.status >= 400 ? await asStatus(response) : response;
    } catch (error) {
      if (!isApiError(error)) throw error;
      return page(503, error.message);
    }
  }

  async fetch(path: string, headers: Readonly<Record<string, string>>): Promise<RemoteAnswer> {
    if (!this.#available) return { status: 503, headers: {}, body: Buffer.from("service unavailable\n") };
    return await this.ask(path, headers, undefined);
  }

  /** As {@link fetch}, whether the server is known to be there or not. `signal`: gives up earlier than after five seconds. */
  async ask(path: string, headers: Readonly<Record<string, string>>, signal: AbortSignal | undefined): Promise<RemoteAnswer> {
    const { host, port } = await this.#backend();
    const { ca, cert, key, verify, serverName } = this.#tls;
    const limit = AbortSignal.timeout(fetchTimeout);
    return await new Promise((resolve, reject) => {
      const url = `https://${hostPort({ host, port })}${path}`;
      const failed = (error: Error): void => {
        const timedOut = limit.aborted ? "context deadline exceeded (Client.Timeout exceeded while awaiting headers)" : undefined;
        reject(new Error(`Get ${JSON.stringify(url)}: ${timedOut ?? goNetworkError(error)}`, { cause: error }));
      };
      const sent = httpsRequest(
        {
          host,
          port,
          path,
          method: "GET",
          headers: { ...identityHeaders(aggregator, false), ...headers },
          servername: serverName,
          rejectUnauthorized: verify,
          agent: false,
          signal: signal === undefined ? limit : AbortSignal.any([limit, signal]),
          ...(ca === undefined ? {} : { ca }),
          ...(cert === undefined ? {} : { cert }),
          ...(key === undefined ? {} : { key }),
        },
        (answer) => {
          const chunks: Buffer[] = [];
          let size = 0;
          answer.on("data", (chunk: Buffer) => {
            chunks.push(chunk);
            size += chunk.length;
            if (size > fetchLimit) answer.destroy(new Error("the document is too large"));
          });
          answer.once("error", failed);
          answer.once("end", () => {
            const received = Object.entries(answer.headers).map(([name, value]) => [name, String(value)]);
            resolve({ status: answer.statusCode ?? 502, headers: Object.fromEntries(received) as never, body: Buffer.concat(chunks) });
          });
        },
      );
      sent.once("error", failed);
      sent.end();
    });
  }

  /** `https://10.0.0.1:443`, as messages name the server. Throws an ApiError when no endpoint is known. */
  async origin(): Promise<string> {
    return `https://${hostPort(await this.#backend())}`;
  }

  async #backend(): Promise<Backend> {
    const { namespace, name, port } = this.#service;
    const endpoint = await resolveServiceEndpoint(this.#deps, namespace, name, port);
    return { scheme: "https", host: endpoint.host, port: endpoint.port, tls: this.#tls };
  }

  /** The request under the name of the user that was authenticated here. */
  #forwarded(request: ApiRequest, user: UserInfo, backend: Backend): ApiRequest {
    const headers: Record<string, string | string[] | undefined> = {};
    for (const [name, value] of Object.entries(request.headers)) if (!isIdentity(name)) headers[name] = value;
    Object.assign(headers, identityHeaders(user, this.#options.uids), { host: hostPort(backend) });
    const object = request.inProcess === true && request.body === undefined ? request.object : undefined;
    if (object !== undefined) headers["content-type"] = "application/json";
    const { method, path, query, remoteAddress, upgrade, signal, warnings, info, log } = request;
    const body = object === undefined ? request.body : Buffer.from(JSON.stringify(object));
    return { method, path, query, headers, body, user, signal, remoteAddress, upgrade, warnings, info, log };
  }
}

const extraPrefix = "x-remote-extra-";

function isIdentity(name: string): boolean {
  return name === "x-remote-user" || name === "x-remote-uid" || name === "x-remote-group" || name.startsWith(extraPrefix);
}

function identityHeaders(user: UserInfo, uids: boolean): Record<string, string | string[]> {
  const headers: Record<string, string | string[]> = { "x-remote-user": user.name };
  if (uids && user.uid) headers["x-remote-uid"] = user.uid;
  if (user.groups.length > 0) headers["x-remote-group"] = [...user.groups];
  for (const [key, values] of Object.entries(user.extra ?? {})) if (values.length > 0) headers[extraPrefix + escapeKey(key)] = [...values];
  return headers;
}

/** What no header name may hold, and `%`, as `%2F`. */
function escapeKey(key: string): string {
  const bytes = [...Buffer.from(key, "utf8")];
  return bytes
    .map((byte) => {
      const character = String.fromCharCode(byte);
      return /[!#$&'*+\-.^_`|~0-9A-Za-z]/.test(character) ? character : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
    })
    .join("");
}

/** As Go's http.Error. */
function page(status: number, text: string): ApiResponse {
  return {
    status,
    headers: { "content-type": "text/plain; charset=utf-8", "x-content-type-options": "nosniff" },
    bytes: Buffer.from(`${text}\n`),
  };
}

/** Callers of this process read refusals as objects. */
async function asStatus(response: ApiResponse): Promise<ApiResponse> {
  const chunks: Uint8Array[] = [];
  await new Promise<void>((resolve) => {
    const { stream } = response;
    if (stream === undefined) {
      resolve();
      return;
    }
    const write = (chunk: Uint8Array): boolean => {
      chunks.push(chunk.slice());
      return true;
    };
    const sink = { write, onDrain: (run: () => void) => queueMicrotask(run), end: resolve, destroy: resolve };
    void stream({ ...sink, signal: new AbortController().signal, buffered: 0 });
  });
  const text = Buffer.concat(chunks).toString("utf8");
  try {
    const object = JSON.parse(text) as KubeObject;
    if (object.kind === "Status") return { status: response.status, headers: {}, object };
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  return { status: response.status, headers: response.headers, bytes: Buffer.from(text) };
}
