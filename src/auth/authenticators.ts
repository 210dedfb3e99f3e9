/** Who asks: authenticators made of others, client certificates, and those who show nothing. */
import type { Clock } from "../core/clock.ts";
import type { Histogram } from "../core/metrics.ts";
import { clientAuthUsage, type ReadCertificate, verifyChain } from "../host/x509.ts";
import type { Authentication, Authenticator, ClientCertificate, Credentials } from "./authenticator.ts";
import { asError, combined } from "./errors.ts";
import { anonymousUser, unauthenticatedGroup } from "./names.ts";
import { withAuthenticatedGroup } from "./token-authenticator.ts";
import type { UserInfo } from "./user.ts";

/**
 * Asks in order; the first that knows the credentials decides, even when an earlier one found fault with them. When none
 * does, all faults together are the error. Synchronous as long as its members are.
 */
export function unionAuthenticator(...members: readonly Authenticator[]): Authenticator {
  const from = (start: number, credentials: Credentials, errors: Error[]): ReturnType<Authenticator["authenticate"]> => {
    for (let i = start; i < members.length; i++) {
      try {
        const found = (members[i] as Authenticator).authenticate(credentials);
        if (found instanceof Promise) {
          const next = i + 1;
          return found.then(
            (answer) => answer ?? from(next, credentials, errors),
            (error: unknown) => from(next, credentials, [...errors, asError(error)]),
          );
        }
        if (found !== undefined) return found;
      } catch (error) {
        errors = [...errors, asError(error)];
      }
    }
    if (errors.length > 0) throw combined(errors);
    return undefined;
  };
  return { authenticate: (credentials) => from(0, credentials, none) };
}

const none: Error[] = [];

/** Everybody who is known belongs to `system:authenticated`. */
export function authenticatedGroupAdder(inner: Authenticator): Authenticator {
  return {
    authenticate(credentials) {
      const found = inner.authenticate(credentials);
      if (found instanceof Promise) return found.then((f) => (f === undefined ? undefined : withAuthenticatedGroup(f)));
      return found === undefined ? undefined : withAuthenticatedGroup(found);
    },
  };
}

/** Who shows nothing. `paths`: where that is allowed; everywhere when there are none. */
export function anonymousAuthenticator(paths: readonly string[] = []): Authenticator {
  const anonymous: Authentication = { user: { name: anonymousUser, groups: [unauthenticatedGroup] } };
  const allowed = new Set(paths);
  return {
    authenticate({ path, audiences }) {
      if (allowed.size > 0 && !allowed.has(path)) return undefined;
      return audiences === undefined ? anonymous : { ...anonymous, audiences };
    },
  };
}

/** `second` is asked when `first` knows nothing; what `first` refuses stays refused. */
export function orElse(first: Authenticator, second: Authenticator): Authenticator {
  return {
    authenticate(credentials) {
      const found = first.authenticate(credentials);
      if (found instanceof Promise) return found.then((f) => f ?? second.authenticate(credentials));
      return found ?? second.authenticate(credentials);
    },
  };
}

/** Authorities that may change. A new array means: check anew. */
export type Authorities = () => readonly ReadCertificate[];

interface Checked {
  readonly roots: readonly ReadCertificate[];
  /** Milliseconds since the epoch, after which it must be checked anew. */
  readonly until: number;
  /** One object for as long as it holds: throwing it again costs no trace. */
  readonly fault: Error | undefined;
}

/** Remembers, a connection's certificate, whether the authorities trust it. */
export class CertificateVerifier {
  readonly #authorities: Authorities;
  readonly #clock: Clock;
  readonly #checked = new WeakMap<ClientCertificate, Checked>();

  constructor(authorities: Authorities, clock: Clock) {
    this.#authorities = authorities;
    this.#clock = clock;
  }

  /** What is wrong with the certificate; undefined when nothing is. */
  fault(certificate: ClientCertificate): Error | undefined {
    const roots = this.#authorities();
    const now = this.#clock.now();
    const known = this.#checked.get(certificate);
    if (known !== undefined && known.roots === roots && now < known.until) return known.fault;
    const wrong = verifyChain(certificate.leaf, certificate.intermediates, roots, { now, usage: clientAuthUsage });
    const fault = wrong === undefined ? undefined : new Error(`verifying certificate ${describe(certificate)} failed: ${wrong}`);
    const ends = [certificate.leaf, ...certificate.intermediates, ...roots].flatMap((c) => [c.notBefore, c.notAfter]);
    const until = Math.min(...ends.filter((t) => t >= now).map((t) => t + 1), Number.MAX_SAFE_INTEGER);
    this.#checked.set(certificate, { roots, until, fault });
    return fault;
  }
}

/** The verified certificate's common name is the user, its organizations are the groups. */
export class CertificateAuthenticator implements Authenticator {
  readonly #verifier: CertificateVerifier;
  readonly #clock: Clock;
  readonly #remaining: Histogram | undefined;
  readonly #users = new WeakMap<ClientCertificate, Authentication | Error>();

  constructor(options: { readonly authorities: Authorities; readonly clock: Clock; readonly remaining?: Histogram | undefined }) {
    this.#verifier = new CertificateVerifier(options.authorities, options.clock);
    this.#clock = options.clock;
    this.#remaining = options.remaining;
  }

  authenticate({ certificate }: Credentials): Authentication | undefined {
    if (certificate === undefined) return undefined;
    this.#remaining?.observe((certificate.leaf.notAfter - this.#clock.now()) / 1000);
    const fault = this.#verifier.fault(certificate);
    if (fault !== undefined) throw fault;
    if (certificate.leaf.subject.commonName === "") return undefined;
    let user = this.#users.get(certificate);
    if (user === undefined) this.#users.set(certificate, (user = userOf(certificate)));
    if (user instanceof Error) throw user;
    return user;
  }
}

function userOf({ leaf, fingerprint }: ClientCertificate): Authentication | Error {
  const { commonName, organizations, uids } = leaf.subject;
  if (uids.length > 1) return new Error(`expected 1 UID, but found multiple: [${uids.join(" ")}]`);
  const [uid] = uids;
  if (uid === "") return new Error("UID cannot be an empty string");
  const user: UserInfo = {
    name: commonName,
    groups: organizations,
    ...(uid === undefined ? {} : { uid }),
    extra: { "authentication.kubernetes.io/credential-id": [`X509SHA256=${fingerprint}`] },
  };
  return withAuthenticatedGroup({ user });
}

function describe({ leaf }: ClientCertificate): string {
  return `SN=${BigInt(`0x${leaf.certificate.serialNumber}`)}`;
}
