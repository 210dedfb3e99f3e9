import { isIP } from "node:net";
import type { ApiRequest } from "../request.ts";

function header(request: Pick<ApiRequest, "headers">, name: string): string {
  const value = request.headers[name];
  return Array.isArray(value) ? value.join(",") : (value ?? "");
}

/** Who the request came through, the client first: X-Forwarded-For, X-Real-Ip, and the connection's own end. */
export function sourceIps(request: Pick<ApiRequest, "headers" | "remoteAddress" | "inProcess">): string[] {
  const ips: string[] = [];
  for (const part of header(request, "x-forwarded-for").split(",")) {
    const ip = part.trim();
    if (isIP(ip) !== 0) ips.push(ip);
  }
  const real = header(request, "x-real-ip").trim();
  if (isIP(real) !== 0 && !ips.includes(real)) ips.push(real);
  const own = request.remoteAddress?.replace(/^::ffff:(?=\d+\.)/, "") ?? (request.inProcess === true ? "127.0.0.1" : "");
  if (own !== "" && ips.at(-1) !== own) ips.push(own);
  return ips;
}
