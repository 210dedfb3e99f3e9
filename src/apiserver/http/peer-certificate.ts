/** Who stands at the other end of a TLS connection. Read once a connection. */
import type { TLSSocket } from "node:tls";

export interface PeerCertificate {
  readonly commonName: string;
  readonly organizations: readonly string[];
  readonly fingerprint: string;
}

/** What all requests of one connection have in common. */
export interface Peer {
  readonly remoteAddress: string | undefined;
  readonly certificate: PeerCertificate | undefined;
  /** A certificate was shown, and it is not one of ours. */
  readonly badCertificate: boolean;
  /** Bytes to this peer never leave the machine. */
  readonly loopback: boolean;
}

/** OpenSSL hands a repeated attribute over as an array. The last common name counts, as in Go's pkix.Name. */
function values(attribute: unknown): string[] {
  if (attribute === undefined) return [];
  return Array.isArray(attribute) ? (attribute as string[]) : [attribute as string];
}

function isLoopback(address: string | undefined): boolean {
  return address !== undefined && (address.startsWith("127.") || address === "::1" || address.startsWith("::ffff:127."));
}

export function peerOf(socket: TLSSocket): Peer {
  const remoteAddress = socket.remoteAddress;
  const loopback = isLoopback(remoteAddress);
  const shown = socket.getPeerCertificate();
  const subject = shown.subject as unknown as Record<string, unknown> | undefined;
  if (subject === undefined) return { remoteAddress, certificate: undefined, badCertificate: false, loopback };
  if (!socket.authorized) return { remoteAddress, certificate: undefined, badCertificate: true, loopback };
  return {
    remoteAddress,
    certificate: {
      commonName: values(subject["CN"]).at(-1) ?? "",
      organizations: values(subject["O"]),
      fingerprint: shown.fingerprint256,
    },
    badCertificate: false,
    loopback,
  };
}
