/** SPDY/3.1, as far as Kubernetes' streaming needs it. */
export { SpdyConnection, type SpdyOptions } from "./connection.ts";
export { SpdyStream } from "./stream.ts";
export type { SpdyHeaders } from "./header-block.ts";
