import type { ApiServer } from "../../apiserver/server-interface.ts";

export interface ServerLoopOptions {
  /** The address under which pods reach this server. A loopback address is not published, since no pod could use it. */
  readonly advertiseAddress: string;
  readonly port: number;
  /** Given: groups that the server answers itself are registered as APIServices. */
  readonly server?: Pick<ApiServer, "definitions" | "onDefinitionsChange"> | undefined;
  /** PEM. Given: extension servers are told whom client certificates are signed by. */
  readonly clientCa?: string | undefined;
  /** Unique among the servers of the cluster; by default made from host name and address. */
  readonly identity?: string | undefined;
}
