import type { AcceptOptions, RemoteCommandSession, UpgradeRequest } from "./session.ts";

/**
 * Accepts exec or attach over SPDY/3.1 or WebSocket. A request that cannot be upgraded is answered on the socket with
 * upstream's text, and the promise rejects.
 */
export type AcceptRemoteCommand = (request: UpgradeRequest, options?: AcceptOptions) => Promise<RemoteCommandSession>;
