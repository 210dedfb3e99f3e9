/**
 * What went wrong on the way to a server, in the words of Go's net, crypto/tls and crypto/x509: clients of an API server
 * read them in its answers, and tests look for them.
 */
import { getServers } from "node:dns";
import { isIP } from "node:net";
import { WireError } from "../http/wire.ts";

interface NodeError extends Error {
  code?: string;
  syscall?: string;
  address?: string;
  port?: number;
  hostname?: string;
  host?: string;
  cert?: { subject?: { CN?: string }; subjectaltname?: string };
  errors?: NodeError[];
}

const connectFailures: Readonly<Record<string, string>> = {
  ECONNREFUSED: "connection refused",
  EHOSTUNREACH: "no route to host",
  ENETUNREACH: "network is unreachable",
  ETIMEDOUT: "connection timed out",
  ECONNRESET: "connection reset by peer",
  EACCES: "permission denied",
  EADDRNOTAVAIL: "cannot assign requested address",
};

const unknownAuthority = new Set([
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "UNABLE_TO_GET_ISSUER_CERT",
  "CERT_UNTRUSTED",
  "CERT_SIGNATURE_FAILURE",
]);

/** RFC 8446, section 6: alerts by OpenSSL's names for them. */
const alerts: readonly (readonly [RegExp, string])[] = [
  [/CERTIFICATE_REQUIRED/, "certificate required"],
  [/BAD_CERTIFICATE/, "bad certificate"],
  [/UNKNOWN_CA/, "unknown certificate authority"],
  [/CERTIFICATE_UNKNOWN/, "unknown certificate"],
  [/CERTIFICATE_EXPIRED/, "expired certificate"],
  [/ACCESS_DENIED/, "access denied"],
  [/HANDSHAKE_FAILURE/, "handshake failure"],
  [/PROTOCOL_VERSION/, "protocol version not supported"],
  [/UNRECOGNIZED_NAME/, "unrecognized name"],
  [/INTERNAL_ERROR/, "internal error"],
];

/** The failure without the `Post "…": ` that Go's http package puts before it. */
export function goNetworkError(error: unknown): string {
  const cause = (error instanceof WireError ? (error.cause ?? error) : error) as NodeError;
  const first = cause.errors?.[0] ?? cause;
  return connectError(first) ?? certificateError(first) ?? tlsError(first) ?? streamError(first) ?? first.message;
}

function connectError(error: NodeError): string | undefined {
  if (error.message === "dial timeout") return "dial tcp: i/o timeout";
  if (error.syscall === "getaddrinfo") {
    const server = getServers()[0] ?? "127.0.0.1";
    const resolver = isIP(server) === 6 ? `[${server}]:53` : /:\d+$/.test(server) ? server : `${server}:53`;
    const why = error.code === "ENOTFOUND" ? "no such host" : "server misbehaving";
    return `dial tcp: lookup ${error.hostname ?? ""} on ${resolver}: ${why}`;
  }
  if (error.syscall !== "connect") return undefined;
  const address = error.address?.includes(":") === true ? `[${error.address}]` : (error.address ?? "");
  return `dial tcp ${address}:${error.port ?? 0}: connect: ${connectFailures[error.code ?? ""] ?? error.message}`;
}

function certificateError(error: NodeError): string | undefined {
  const code = error.code ?? "";
  const why = unknownAuthority.has(code)
    ? "certificate signed by unknown authority"
    : code === "CERT_HAS_EXPIRED" || code === "CERT_NOT_YET_VALID"
      ? "certificate has expired or is not yet valid"
      : code === "INVALID_PURPOSE"
        ? "certificate specifies an incompatible key usage"
        : code === "INVALID_CA"
          ? "invalid certificate authority"
          : code === "ERR_TLS_CERT_ALTNAME_INVALID"
            ? wrongName(error)
            : undefined;
  return why === undefined ? undefined : `tls: failed to verify certificate: x509: ${why}`;
}

function wrongName(error: NodeError): string {
  const wanted = error.host ?? "";
  const names = (error.cert?.subjectaltname ?? "").split(", ").filter((entry) => entry !== "");
  const of = (prefix: string): string[] => names.filter((n) => n.startsWith(prefix)).map((n) => n.slice(prefix.length));
  if (isIP(wanted) !== 0) {
    const addresses = of("IP Address:");
    return addresses.length === 0
      ? `cannot validate certificate for ${wanted} because it doesn't contain any IP SANs`
      : `certificate is valid for ${addresses.join(", ")}, not ${wanted}`;
  }
  if (names.length === 0 && error.cert?.subject?.CN !== undefined)
    return "certificate relies on legacy Common Name field, use SANs instead";
  const valid = of("DNS:");
  return valid.length === 0
    ? `certificate is not valid for any names, but wanted to match ${wanted}`
    : `certificate is valid for ${valid.join(", ")}, not ${wanted}`;
}

function tlsError(error: NodeError): string | undefined {
  const text = `${error.code ?? ""} ${error.message}`.toUpperCase().replaceAll(" ", "_");
  if (/WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|HTTP_REQUEST/.test(text)) return "http: server gave HTTP response to HTTPS client";
  if (!text.includes("ALERT")) return undefined;
  const known = alerts.find(([pattern]) => pattern.test(text));
  return known === undefined ? undefined : `remote error: tls: ${known[1]}`;
}

function streamError(error: NodeError): string | undefined {
  if (error.code !== "ECONNRESET") return undefined;
  // Node has one code for an orderly end before the answer (no system call failed) and for a reset.
  return error.syscall === undefined ? "EOF" : `${error.syscall} tcp: ${error.syscall}: connection reset by peer`;
}
