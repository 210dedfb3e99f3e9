/** How to reach an API server, and as whom. What a kubeconfig's context comes down to. */
import type { Clock } from "../core/clock.ts";

export interface ClientConfig {
  /** `https://host:port`, with a path prefix if there is one. */
  readonly server: string;
  /** PEM. The system's authorities when absent. */
  readonly certificateAuthority?: string | undefined;
  /** Name to ask for and to verify, when it is not the host's. */
  readonly tlsServerName?: string | undefined;
  readonly insecureSkipTlsVerify?: boolean | undefined;
  /** PEM, with {@link ClientConfig.clientKey}. */
  readonly clientCertificate?: string | undefined;
  readonly clientKey?: string | undefined;
  readonly token?: string | undefined;
  /** Read again every minute; goes before `token`. */
  readonly tokenFile?: string | undefined;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  readonly exec?: ExecPlugin | undefined;
  readonly impersonate?: Impersonation | undefined;
  /** Where to connect, asked for each connection; names and what is verified stay the server's. */
  readonly dial?: (() => Promise<{ readonly host: string; readonly port: number }>) | undefined;
  /** Do not ask for HTTP/2. */
  readonly disableHttp2?: boolean | undefined;
  /** The server takes the field manager from what stands before the first slash. `tsukube` when absent. */
  readonly userAgent?: string | undefined;
  /** `system` when absent; for retries and the liveness of connections. */
  readonly clock?: Clock | undefined;
}

export interface Impersonation {
  readonly user: string;
  readonly uid?: string | undefined;
  readonly groups?: readonly string[] | undefined;
  readonly extra?: Readonly<Record<string, readonly string[]>> | undefined;
}

/** A credential plugin (client.authentication.k8s.io/v1 or v1beta1 ExecCredential). */
export interface ExecPlugin {
  readonly apiVersion: string;
  readonly command: string;
  readonly args?: readonly string[] | undefined;
  readonly env?: readonly { readonly name: string; readonly value: string }[] | undefined;
  readonly installHint?: string | undefined;
  readonly provideClusterInfo?: boolean | undefined;
}
