/**
 * What of an X.509 certificate decides who somebody is and what may be signed in its name: the subject as Go reads it, key
 * usages, basic constraints. `node:crypto` shows a subject as text only and says nothing of constraints. RFC 5280.
 */
import { X509Certificate } from "node:crypto";
import { readAll, readOid, type Element } from "./der.ts";

/** A distinguished name as far as Kubernetes looks at it. */
export interface SubjectName {
  /** The last one, as in Go's pkix.Name. */
  readonly commonName: string;
  readonly organizations: readonly string[];
  /** Values of the attribute by which Kubernetes writes a user's UID into a certificate. */
  readonly uids: readonly string[];
}

/** A certificate with its fields read. */
export interface ReadCertificate {
  readonly certificate: X509Certificate;
  readonly subject: SubjectName;
  /** DER of the names: equal bytes, equal names. */
  readonly rawSubject: Buffer;
  readonly rawIssuer: Buffer;
  /** Milliseconds since the epoch. */
  readonly notBefore: number;
  readonly notAfter: number;
  /** Basic constraints say that it may sign certificates. */
  readonly isCa: boolean;
  /** How many authorities may follow; undefined: any number. */
  readonly pathLength: number | undefined;
  /** Undefined: the extension is absent, every use is allowed. Bits as in RFC 5280 §4.2.1.3, first bit first. */
  readonly keyUsage: readonly boolean[] | undefined;
  /** Dotted identifiers; undefined: the extension is absent. */
  readonly extendedKeyUsage: readonly string[] | undefined;
  /** Dotted identifiers of critical extensions that nobody here understands. */
  readonly unknownCritical: readonly string[];
}

/** Who may use a certificate for what (extended key usages). */
export const clientAuthUsage = "1.3.6.1.5.5.7.3.2";
export const serverAuthUsage = "1.3.6.1.5.5.7.3.1";
const anyUsage = "2.5.29.37.0";

const ids = {
  commonName: "2.5.4.3",
  organization: "2.5.4.10",
  /** `k8s.io/apiserver/pkg/authentication/request/x509`: the UID of a user. */
  uid: "1.3.6.1.4.1.57683.2",
  keyUsage: "2.5.29.15",
  subjectAltName: "2.5.29.17",
  basicConstraints: "2.5.29.19",
  extendedKeyUsage: "2.5.29.37",
} as const;

/** Bit of keyUsage that allows signing certificates. */
const keyCertSign = 5;

/** The text of a DirectoryString or IA5String; undefined for anything else. */
function textOf(value: Element): string | undefined {
  switch (value.tag) {
    case 0x0c: // UTF8String
    case 0x13: // PrintableString
    case 0x16: // IA5String
      return value.content.toString("utf8");
    case 0x12: // NumericString
    case 0x14: // TeletexString
      return value.content.toString("latin1");
    case 0x1e: {
      // BMPString, big-endian
      const swapped = Buffer.from(value.content);
      return swapped.length % 2 === 0 ? swapped.swap16().toString("utf16le") : undefined;
    }
    default:
      return undefined;
  }
}

/** Reads a DER name. Throws RangeError when it is cut off. */
export function readName(raw: Uint8Array): SubjectName {
  let commonName = "";
  const organizations: string[] = [];
  const uids: string[] = [];
  for (const relative of readAll((readAll(raw)[0] as Element).content)) {
    for (const pair of readAll(relative.content)) {
      const [id, value] = readAll(pair.content);
      if (id === undefined || value === undefined) throw new RangeError("DER: a name's attribute lacks its value");
      const text = textOf(value) ?? "";
      const attribute = readOid(id.content);
      if (attribute === ids.commonName) commonName = text;
      else if (attribute === ids.organization) organizations.push(text);
      else if (attribute === ids.uid) uids.push(text);
    }
  }
  return { commonName, organizations, uids };
}

interface Extension {
  readonly id: string;
  readonly critical: boolean;
  readonly value: Buffer;
}

function readExtension(element: Element): Extension {
  const parts = readAll(element.content);
  const value = parts.at(-1) as Element;
  return {
    id: readOid((parts[0] as Element).content),
    critical: parts.length === 3 && (parts[1] as Element).content[0] !== 0,
    value: value.content,
  };
}

function readBits(der: Buffer): boolean[] {
  const { content } = readAll(der)[0] as Element;
  const bits: boolean[] = [];
  const count = (content.length - 1) * 8 - (content[0] ?? 0);
  for (let i = 0; i < count; i++) bits.push((((content[1 + (i >> 3)] ?? 0) >> (7 - (i & 7))) & 1) === 1);
  return bits;
}

function readBasicConstraints(der: Buffer): { isCa: boolean; pathLength: number | undefined } {
  const parts = readAll((readAll(der)[0] as Element).content);
  const flag = parts.find((p) => p.tag === 0x01);
  const length = parts.find((p) => p.tag === 0x02);
  return {
    isCa: flag !== undefined && flag.content[0] !== 0,
    pathLength: length === undefined ? undefined : length.content.reduce((n, byte) => n * 256 + byte, 0),
  };
}

/** Reads a certificate. Throws an Error when its DER does not add up. */
export function readCertificate(certificate: X509Certificate): ReadCertificate {
  const [outer] = readAll(certificate.raw);
  const [tbs] = readAll((outer as Element).content);
  const fields = readAll((tbs as Element).content);
  // A version before the serial number shows by its tag.
  const at = fields[0]?.tag === 0xa0 ? 1 : 0;
  const rawIssuer = (fields[at + 2] as Element).raw;
  const rawSubject = (fields[at + 4] as Element).raw;
  const holder = fields.find((f) => f.tag === 0xa3);
  const extensions = holder === undefined ? [] : readAll((readAll(holder.content)[0] as Element).content).map(readExtension);
  const find = (id: string): Buffer | undefined => extensions.find((e) => e.id === id)?.value;
  const usage = find(ids.keyUsage);
  const extended = find(ids.extendedKeyUsage);
  const basic = find(ids.basicConstraints);
  const { isCa, pathLength } = basic === undefined ? { isCa: false, pathLength: undefined } : readBasicConstraints(basic);
  const understood: readonly string[] = Object.values(ids);
  return {
    certificate,
    subject: readName(rawSubject),
    rawSubject,
    rawIssuer,
    notBefore: certificate.validFromDate.getTime(),
    notAfter: certificate.validToDate.getTime(),
    isCa,
    pathLength,
    keyUsage: usage === undefined ? undefined : readBits(usage),
    extendedKeyUsage:
      extended === undefined ? undefined : readAll((readAll(extended)[0] as Element).content).map((e) => readOid(e.content)),
    unknownCritical: extensions.filter((e) => e.critical && !understood.includes(e.id)).map((e) => e.id),
  };
}

/** Every certificate of a PEM text. Throws an Error when one of them is none. */
export function readCertificates(pem: string): ReadCertificate[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? [];
  return blocks.map((block) => readCertificate(new X509Certificate(block)));
}

/** A chain is never longer in practice; without a bound a peer's pile of certificates could be walked for long. */
const longestChain = 8;

/**
 * Whether `leaf` was issued, over `intermediates`, by one of `roots`, and may be used for `usage` now. Answers what is
 * wrong, in the words of Go's crypto/x509, or undefined when all is well.
 */
export function verifyChain(
  leaf: ReadCertificate,
  intermediates: readonly ReadCertificate[],
  roots: readonly ReadCertificate[],
  options: { readonly now: number; readonly usage: string },
): string | undefined {
  let fault = "x509: certificate signed by unknown authority";
  const validity = (c: ReadCertificate): string | undefined => {
    const at = new Date(options.now).toISOString();
    if (options.now < c.notBefore) {
      return `x509: certificate has expired or is not yet valid: current time ${at} is before ${new Date(c.notBefore).toISOString()}`;
    }
    if (options.now > c.notAfter) {
      return `x509: certificate has expired or is not yet valid: current time ${at} is after ${new Date(c.notAfter).toISOString()}`;
    }
    if (c.unknownCritical.length > 0) return "x509: unhandled critical extension";
    return undefined;
  };
  const leafFault = validity(leaf);
  if (leafFault !== undefined) return leafFault;
  const allows = (c: ReadCertificate): boolean =>
    c.extendedKeyUsage === undefined || c.extendedKeyUsage.includes(options.usage) || c.extendedKeyUsage.includes(anyUsage);
  if (!allows(leaf)) return "x509: certificate specifies an incompatible key usage";
  /** `below`: authorities between `child` and the leaf. */
  const climb = (child: ReadCertificate, below: number): boolean => {
    if (roots.some((root) => root.certificate.raw.equals(child.certificate.raw))) return true;
    if (below >= longestChain) return false;
    for (const [parents, trusted] of [
      [roots, true],
      [intermediates, false],
    ] as const) {
      for (const parent of parents) {
        if (!parent.rawSubject.equals(child.rawIssuer) || parent === child) continue;
        if (!child.certificate.verify(parent.certificate.publicKey)) continue;
        const wrong =
          mayIssue(parent, below) ??
          validity(parent) ??
          (allows(parent) ? undefined : "x509: certificate specifies an incompatible key usage");
        if (wrong !== undefined) fault = wrong;
        else if (trusted || climb(parent, below + 1)) return true;
      }
    }
    return false;
  };
  return climb(leaf, 0) ? undefined : fault;
}

function mayIssue(parent: ReadCertificate, below: number): string | undefined {
  if (!parent.isCa || (parent.keyUsage !== undefined && parent.keyUsage[keyCertSign] !== true)) {
    return "x509: certificate is not authorized to sign other certificates";
  }
  if (parent.pathLength !== undefined && below > parent.pathLength) return "x509: too many intermediates for path length constraint";
  return undefined;
}
