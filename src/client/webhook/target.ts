/** Where a webhook is and how it is reached: from a kubeconfig file, or from the `clientConfig` of an API object. */
import { isIP } from "node:net";
import { type Clock, systemClock } from "../../core/clock.ts";
import type { ClientConfig } from "../config.ts";
import { Connections } from "../http/connections.ts";
import { Credentials } from "../http/credentials.ts";
import { type Kubeconfig, loadKubeconfig, resolveContext } from "../kubeconfig.ts";
import { credentialsFor } from "./authentication.ts";

/** A webhook with its connections, which are kept alive between calls. */
export interface WebhookTarget {
  /** Scheme, host, port and path, as messages show it. */
  readonly url: string;
  /** Path with the query that the URL itself has. */
  readonly path: string;
  readonly userAgent: string;
  readonly connections: Connections;
  readonly credentials: Credentials;
  readonly clock: Clock;
  /** Ends the connections; running calls fail. */
  close(): void;
}

/** `admissionregistration.k8s.io/v1 WebhookClientConfig`, and the same shape in CustomResourceDefinitions. */
export interface WebhookClientConfig {
  readonly url?: string | undefined;
  readonly service?:
    | {
        readonly namespace: string;
        readonly name: string;
        readonly path?: string | undefined;
        readonly port?: number | undefined;
      }
    | undefined;
  /** PEM, in base64. The system's authorities when absent. */
  readonly caBundle?: string | undefined;
}

/** An address behind a service's port. Throws (an ApiError) when there is none. */
export type ResolveService = (namespace: string, name: string, port: number) => Promise<{ host: string; port: number }>;

export interface WebhookTargetOptions {
  readonly resolveService: ResolveService;
  /** Users for hosts, as `WebhookAdmissionConfiguration.kubeConfigFile` has them. */
  readonly kubeconfig?: Kubeconfig | undefined;
  /** How to reach this API server itself, for a webhook at `kubernetes.default.svc:443`. */
  readonly loopback?: ClientConfig | undefined;
  readonly clock?: Clock | undefined;
}

const admissionAgent = "kube-apiserver-admission";

/**
 * A target for what an API object says. A service's certificate must be good for `<name>.<namespace>.svc`. HTTP/2 is for this
 * machine alone: one connection to a service would keep its other backends idle (upstream does the same).
 */
export async function clientConfigTarget(config: WebhookClientConfig, options: WebhookTargetOptions): Promise<WebhookTarget> {
  const { service } = config;
  const ca = config.caBundle === undefined ? undefined : Buffer.from(config.caBundle, "base64").toString("utf8");
  if (service !== undefined) {
    const { namespace, name, path = "", port = 443 } = service;
    const host = `${name}.${namespace}.svc`;
    const server = `https://${host}:${port}`;
    if (options.loopback !== undefined && host === "kubernetes.default.svc" && port === 443)
      return target(withPath(options.loopback, path), server + path, path, options.clock);
    const credentials = await credentialsFor(options.kubeconfig, `${host}:${port}`);
    const dial = (): Promise<{ host: string; port: number }> => options.resolveService(namespace, name, port);
    const full = { tlsServerName: host, ...credentials, ...authority(ca), server, dial, disableHttp2: true };
    return target(full, server + path, path, options.clock);
  }
  if (!config.url) throw new Error("webhook configuration must have either service or URL");
  let url: URL;
  try {
    url = new URL(config.url);
  } catch {
    throw new Error(`Unparsable URL: parse ${JSON.stringify(config.url)}: invalid URI for request`);
  }
  const hostPort = url.port === "" ? `${url.host}:443` : url.host;
  const credentials = await credentialsFor(options.kubeconfig, hostPort);
  const full = { ...credentials, ...authority(ca), server: url.origin, disableHttp2: !isLocal(url) };
  // The URL as it was written: Go adds no slash after a bare host.
  const path = url.pathname === "/" && !config.url.endsWith("/") ? "" : url.pathname;
  return target(full, url.origin + path, path, options.clock);
}

/** A target for the current context of a kubeconfig file: the whole server URL is the webhook. Throws what reading the file throws. */
export async function kubeconfigTarget(
  file: string,
  options: { readonly clock?: Clock | undefined; readonly userAgent?: string | undefined } = {},
): Promise<WebhookTarget> {
  const { config } = await resolveContext(await loadKubeconfig(file));
  const url = new URL(config.server);
  const path = url.pathname === "/" && !config.server.endsWith("/") ? "" : url.pathname + url.search;
  return target(config, url.origin + path, path, options.clock, options.userAgent ?? "kube-apiserver");
}

function authority(ca: string | undefined): { certificateAuthority?: string } {
  return ca === undefined || ca.trim() === "" ? {} : { certificateAuthority: ca };
}

function withPath(config: ClientConfig, path: string): ClientConfig {
  return { ...config, server: new URL(config.server).origin + path };
}

function target(config: ClientConfig, url: string, path: string, clock = systemClock, userAgent = admissionAgent): WebhookTarget {
  const connections = new Connections(config, clock);
  return {
    url,
    path: path === "" ? "/" : path,
    userAgent,
    connections,
    credentials: new Credentials(config, clock),
    clock,
    close: () => connections.close(),
  };
}

function isLocal(url: URL): boolean {
  const host = url.hostname.replace(/^\[|\]$/g, "");
  return host.toLowerCase() === "localhost" || host === "::1" || (isIP(host) === 4 && host.startsWith("127."));
}
