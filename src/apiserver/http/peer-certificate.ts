/** Who stands at the other end of a TLS connection. Read once a connection. */
import type { X509Certificate } from "node:crypto";
import type { TLSSocket } from "node:tls";
import type { ClientCertificate } from "../../auth/authenticator.ts";
import { readCertificate, type ReadCertificate } from "../../host/x509.ts";

/** What all requests of one connection have in common. */
export interface Peer {
  readonly remoteAddress: string | undefined;
  readonly certificate: ClientCertificate | undefined;
  /** A certificate was shown that cannot be read. */
  readonly badCertificate: boolean;
  /** Bytes to this peer never leave the machine. */
  readonly loopback: boolean;
}

/** More certificates than this are looked at in no chain. */
const maxIntermediates = 8;

function isLoopback(address: string | undefined): boolean {
  return address !== undefined && (address.startsWith("127.") || address === "::1" || address.startsWith("::ffff:127."));
}

export function peerOf(socket: TLSSocket): Peer {
  const remoteAddress = socket.remoteAddress;
  const loopback = isLoopback(remoteAddress);
  const shown = socket.getPeerX509Certificate();
  if (shown === undefined) return { remoteAddress, certificate: undefined, badCertificate: false, loopback };
  try {
    const certificate: ClientCertificate = {
      leaf: readCertificate(shown),
      intermediates: intermediatesOf(shown),
      fingerprint: shown.fingerprint256.replaceAll(":", "").toLowerCase(),
    };
    return { remoteAddress, certificate, badCertificate: false, loopback };
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    return { remoteAddress, certificate: undefined, badCertificate: true, loopback };
  }
}

function intermediatesOf(leaf: X509Certificate): ReadCertificate[] {
  const found: ReadCertificate[] = [];
  let next = leaf.issuerCertificate;
  while (next !== undefined && found.length < maxIntermediates) {
    found.push(readCertificate(next));
    next = next.issuerCertificate;
  }
  return found;
}
