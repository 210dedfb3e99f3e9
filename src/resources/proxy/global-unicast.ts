import { isIPv4, isIPv6 } from "node:net";

/** Go's `IP.IsGlobalUnicast`: an address of a host that is neither unspecified, loopback, multicast, broadcast nor link-local. */
export function isGlobalUnicast(ip: string): boolean {
  if (isIPv4(ip)) {
    const [a = 0, b = 0] = ip.split(".").map(Number);
    return ip !== "0.0.0.0" && ip !== "255.255.255.255" && a !== 127 && (a < 224 || a > 239) && !(a === 169 && b === 254);
  }
  if (!isIPv6(ip)) return false;
  const text = ip.toLowerCase();
  if (text.startsWith("::ffff:") && text.includes(".")) return isGlobalUnicast(text.slice(7));
  return text !== "::" && text !== "::1" && !text.startsWith("ff") && !/^fe[89ab]/.test(text);
}
