import { isIP } from "node:net";
import type { ApiRequest } from "../request.ts";

function header(request: Pick<ApiRequest, "headers">, name: string): string {
  const value = request.headers[name];
  return Array.isArray(value) ? value.join(",") : (value ?? "");
}

function ownEnd({ remoteAddress, inProcess }: Pick<ApiRequest, "remoteAddress" | "inProcess">): string {
  return remoteAddress?.replace(/^::ffff:(?=\d+\.)/, "") ?? (inProcess === true ? "127.0.0.1" : "");
}

let lastAddress: string | undefined;
let lastIps: readonly string[] = [];

/** Without a proxy on the way: the same array for as long as requests come from the same address. */
function direct(request: Pick<ApiRequest, "remoteAddress" | "inProcess">): readonly string[] {
  const { remoteAddress } = request;
  if (remoteAddress === undefined || remoteAddress !== lastAddress) {
    const own = ownEnd(request);
    lastIps = own === "" ? [] : [own];
    lastAddress = remoteAddress;
  }
  return lastIps;
}

/** Who the request came through, the client first: X-Forwarded-For, X-Real-Ip, and the connection's own end. */
export function sourceIps(request: Pick<ApiRequest, "headers" | "remoteAddress" | "inProcess">): readonly string[] {
  const { headers } = request;
  if (headers["x-forwarded-for"] === undefined && headers["x-real-ip"] === undefined) return direct(request);
  const ips: string[] = [];
  for (const part of header(request, "x-forwarded-for").split(",")) {
    const ip = part.trim();
    if (isIP(ip) !== 0) ips.push(ip);
  }
  const real = header(request, "x-real-ip").trim();
  if (isIP(real) !== 0 && !ips.includes(real)) ips.push(real);
  const own = ownEnd(request);
  if (own !== "" && ips.at(-1) !== own) ips.push(own);
  return ips;
}
