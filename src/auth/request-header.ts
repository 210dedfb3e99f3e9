/**
 * A proxy in front that has authenticated its users already names them in headers. It is believed when it shows a
 * certificate of an authority of its own (`--requestheader-*`).
 */
import type { Clock } from "../core/clock.ts";
import type { Authentication, Authenticator, ClientCertificate, Credentials } from "./authenticator.ts";
import { type Authorities, CertificateVerifier } from "./authenticators.ts";

/** Header names in lower case. */
export interface RequestHeaderOptions {
  readonly authorities: Authorities;
  /** Common names of proxies; any that the authorities vouch for when empty. */
  readonly allowedNames: readonly string[];
  readonly usernameHeaders: readonly string[];
  readonly uidHeaders: readonly string[];
  readonly groupHeaders: readonly string[];
  readonly extraHeaderPrefixes: readonly string[];
}

type Headers = Credentials["headers"];

/** HTTP/1.1 values that Node has joined are told apart again. */
function valuesOf(value: string | string[] | undefined): string[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? value : value.split(", ");
}

function firstValue(headers: Headers, names: readonly string[]): string {
  for (const name of names) {
    const value = headers[name];
    const first = Array.isArray(value) ? value[0] : value;
    if (first !== undefined && first !== "") return first;
  }
  return "";
}

function extraOf(headers: Headers, prefixes: readonly string[]): Record<string, string[]> {
  const extra = new Map<string, string[]>();
  for (const prefix of prefixes) {
    for (const name of Object.keys(headers)) {
      if (!name.startsWith(prefix)) continue;
      const key = unescapeKey(name.slice(prefix.length));
      extra.set(key, [...(extra.get(key) ?? []), ...valuesOf(headers[name])]);
    }
  }
  return Object.fromEntries(extra);
}

/** `%2f` and its like; a key that is not escaped right is taken as it stands. */
export function unescapeKey(key: string): string {
  try {
    return decodeURIComponent(key);
  } catch (error) {
    if (error instanceof URIError) return key;
    throw error;
  }
}

/** Throws an Error for a certificate that is no proxy's; silent without a certificate, or without a user header. */
export function requestHeaderAuthenticator(options: RequestHeaderOptions, clock: Clock): Authenticator {
  const verifier = new CertificateVerifier(options.authorities, clock);
  const strangers = new WeakMap<ClientCertificate, Error>();
  const strange = (certificate: ClientCertificate): Error | undefined => {
    const { commonName } = certificate.leaf.subject;
    if (options.allowedNames.length === 0 || options.allowedNames.includes(commonName)) return undefined;
    let error = strangers.get(certificate);
    if (error === undefined) {
      error = new Error(`x509: subject with cn=${commonName} is not in the allowed list`);
      strangers.set(certificate, error);
    }
    return error;
  };
  return {
    authenticate({ certificate, headers }): Authentication | undefined {
      if (certificate === undefined) return undefined;
      const fault = verifier.fault(certificate) ?? strange(certificate);
      if (fault !== undefined) throw fault;
      const name = firstValue(headers, options.usernameHeaders);
      if (name === "") return undefined;
      const uid = firstValue(headers, options.uidHeaders);
      const groups = options.groupHeaders.flatMap((h) => valuesOf(headers[h])).filter((g) => g !== "");
      const extra = extraOf(headers, options.extraHeaderPrefixes);
      return {
        user: { name, groups, ...(uid === "" ? {} : { uid }), ...(Object.keys(extra).length === 0 ? {} : { extra }) },
      };
    },
  };
}
