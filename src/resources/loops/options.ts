import type { FlowControl } from "../../apiserver/flow-control/controller.ts";
import type { AggregationOptions } from "../aggregation/index.ts";
import type { ApiServer } from "../../apiserver/server-interface.ts";

/** What others need to know to recognise whom this server recognises. */
export interface AuthenticationInfo {
  /** PEM. */
  clientAuthorities(): string;
  /** A proxy in front that names users in headers. */
  readonly proxy?:
    | {
        /** PEM. */
        authorities(): string;
        readonly allowedNames: readonly string[];
        readonly usernameHeaders: readonly string[];
        readonly uidHeaders: readonly string[];
        readonly groupHeaders: readonly string[];
        readonly extraHeaderPrefixes: readonly string[];
      }
    | undefined;
  /** Called when one of the authorities has changed. */
  onChange(run: () => void): void;
}

export interface ServerLoopOptions {
  /** The address under which pods reach this server. A loopback address is not published, since no pod could use it. */
  readonly advertiseAddress: string;
  readonly port: number;
  /** Given: groups that the server answers itself are registered as APIServices. */
  readonly server?: Pick<ApiServer, "definitions" | "onDefinitionsChange" | "handle"> | undefined;
  /** Given: groups of extension servers are served through this one. */
  readonly aggregation?: AggregationOptions | undefined;
  /** Given: extension servers are told whom client certificates are signed by, and which proxy's word is taken. */
  readonly authentication?: AuthenticationInfo | undefined;
  /** Given: it follows the flow schemas and priority levels of the API. */
  readonly flowControl?: FlowControl | undefined;
  /** Unique among the servers of the cluster; by default made from host name and address. */
  readonly identity?: string | undefined;
}
