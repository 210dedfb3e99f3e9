/** exec, attach and port-forward to pods of a cluster, from a {@link ClientConfig}. */
import { createServer, type AddressInfo, type Server } from "node:net";
import { systemClock } from "../../core/clock.ts";
import type { ClientConfig } from "../config.ts";
import { Credentials } from "../http/credentials.ts";
import { openPortForward, type PortForwardOptions } from "./port-forward-client.ts";
import { openRemoteCommand, type RemoteCommandOptions } from "./remote-command-client.ts";
import type { PortForwardClient, RemoteCommandClient, StreamSelection, UpgradeTarget } from "./session.ts";

export interface PodTarget {
  readonly namespace: string;
  readonly pod: string;
  /** The pod's only or default container when absent. */
  readonly container?: string | undefined;
}

/** Runs `command` in a container. */
export async function execInPod(
  config: ClientConfig,
  target: PodTarget & { readonly command: readonly string[] },
  streams: StreamSelection,
  options?: RemoteCommandOptions,
): Promise<RemoteCommandClient> {
  const query = streamQuery(target, streams);
  for (const word of target.command) query.append("command", word);
  return await openRemoteCommand(await podTarget(config, target, "exec", query), streams, options);
}

/** Joins the streams of a container's main process. */
export async function attachToPod(
  config: ClientConfig,
  target: PodTarget,
  streams: StreamSelection,
  options?: RemoteCommandOptions,
): Promise<RemoteCommandClient> {
  return await openRemoteCommand(await podTarget(config, target, "attach", streamQuery(target, streams)), streams, options);
}

/** Opens a port-forward session to a pod. */
export async function forwardToPod(config: ClientConfig, target: PodTarget, options?: PortForwardOptions): Promise<PortForwardClient> {
  return await openPortForward(await podTarget(config, target, "portforward", new URLSearchParams()), options);
}

export interface LocalForward {
  readonly local: { readonly address: string; readonly port: number };
  readonly remote: number;
}

/**
 * Listens on local ports and forwards each connection to the pod's port. `local` 0 or absent: any free port. Closing ends
 * the listeners and the session.
 */
export async function portForward(
  config: ClientConfig,
  target: PodTarget,
  ports: readonly { readonly local?: number; readonly remote: number }[],
  options: PortForwardOptions & { readonly address?: string | undefined; readonly onError?: ((error: Error) => void) | undefined } = {},
): Promise<{ readonly forwards: readonly LocalForward[]; close(): void; readonly closed: Promise<void> }> {
  const session = await forwardToPod(config, target, options);
  const servers: Server[] = [];
  const close = (): void => {
    for (const server of servers) server.close();
    session.close();
  };
  const address = options.address ?? "127.0.0.1";
  try {
    const forwards: LocalForward[] = [];
    for (const { local = 0, remote } of ports) {
      const server = await listen(session, address, local, remote, options.onError);
      servers.push(server);
      forwards.push({ local: { address, port: (server.address() as AddressInfo).port }, remote });
    }
    return { forwards, close, closed: session.closed };
  } catch (error) {
    close();
    throw error;
  }
}

function listen(
  session: PortForwardClient,
  address: string,
  local: number,
  remote: number,
  onError?: (error: Error) => void,
): Promise<Server> {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    const data = session.connect(remote);
    data.on("error", (error) => {
      onError?.(error);
      socket.destroy();
    });
    socket.on("error", () => data.destroy());
    socket.pipe(data);
    data.pipe(socket);
  });
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(local, address, () => resolve(server));
  });
}

function streamQuery(target: PodTarget, streams: StreamSelection): URLSearchParams {
  const query = new URLSearchParams();
  if (target.container !== undefined) query.set("container", target.container);
  for (const name of ["stdin", "stdout", "stderr", "tty"] as const) if (streams[name]) query.set(name, "true");
  return query;
}

async function podTarget(config: ClientConfig, target: PodTarget, subresource: string, query: URLSearchParams): Promise<UpgradeTarget> {
  const url = new URL(config.server);
  const base = url.pathname.replace(/\/$/, "");
  url.pathname = `${base}/api/v1/namespaces/${encodeURIComponent(target.namespace)}/pods/${encodeURIComponent(target.pod)}/${subresource}`;
  url.search = query.toString();
  const credentials = new Credentials(config, config.clock ?? systemClock);
  const authorization = await credentials.authorization();
  const plugin = await credentials.certificate();
  const user = config.impersonate;
  return {
    url,
    headers: {
      "user-agent": config.userAgent ?? "tsukube",
      ...(authorization === undefined ? {} : { authorization }),
      ...(user === undefined ? {} : { "impersonate-user": user.user }),
      ...(user?.uid === undefined ? {} : { "impersonate-uid": user.uid }),
      ...(user?.groups === undefined ? {} : { "impersonate-group": user.groups.join(",") }),
    },
    tls: {
      ca: config.certificateAuthority,
      cert: plugin?.certificate ?? config.clientCertificate,
      key: plugin?.key ?? config.clientKey,
      ...(config.tlsServerName === undefined ? {} : { servername: config.tlsServerName }),
      rejectUnauthorized: config.insecureSkipTlsVerify !== true,
    },
  };
}
