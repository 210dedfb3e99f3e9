/**
 * A cluster's certificates: an authority, what it issues, and signing requests. The DER is written here, over
 * `node:crypto`, because a certificate is small and a library that issues one costs more to load than to do without.
 * All keys are ECDSA P-256. RFC 5280 (certificates), RFC 2986 (requests).
 */
import {
  X509Certificate,
  createHash,
  constants,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  randomBytes,
  sign,
  verify,
} from "node:crypto";
import type { KeyObject } from "node:crypto";
import { isIP } from "node:net";
import * as der from "./der.ts";
import type { Element } from "./der.ts";

/** A certificate with its private key, both PEM. */
export interface CertificateAndKey {
  readonly certificate: string;
  readonly key: string;
}

export type CertificateUsage = "server" | "client";

export interface CertificateRequestOptions {
  readonly commonName: string;
  readonly organizations?: readonly string[] | undefined;
  /** DNS names and IP addresses, told apart by their form. */
  readonly sans?: readonly string[] | undefined;
  readonly usages: readonly CertificateUsage[];
  /** Default 365. */
  readonly days?: number | undefined;
}

const day = 86_400_000;
/** Clocks of a cluster's machines differ a little: a certificate is valid from a while before it was made. */
const backdate = 5 * 60_000;

const ids = {
  commonName: "2.5.4.3",
  organization: "2.5.4.10",
  ecdsaSha256: "1.2.840.10045.4.3.2",
  rsaSha256: "1.2.840.113549.1.1.11",
  subjectKeyId: "2.5.29.14",
  keyUsage: "2.5.29.15",
  subjectAltName: "2.5.29.17",
  basicConstraints: "2.5.29.19",
  authorityKeyId: "2.5.29.35",
  extendedKeyUsage: "2.5.29.37",
  serverAuth: "1.3.6.1.5.5.7.3.1",
  clientAuth: "1.3.6.1.5.5.7.3.2",
  extensionRequest: "1.2.840.113549.1.9.14",
} as const;

/** A new P-256 key. */
export function generateKey(): KeyObject {
  return generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
}

/** A private key as PKCS #8 PEM. */
export function keyPem(key: KeyObject): string {
  return key.export({ type: "pkcs8", format: "pem" }).toString();
}

/** The public half of a private key (object or PEM), as SPKI PEM. */
export function publicKeyPem(key: KeyObject | string): string {
  return createPublicKey(key).export({ type: "spki", format: "pem" }).toString();
}

function pem(label: string, bytes: Uint8Array): string {
  const lines =
    Buffer.from(bytes)
      .toString("base64")
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join("\n")}\n-----END ${label}-----\n`;
}

function fromPem(text: string, label: string): Buffer {
  const match = new RegExp(`-----BEGIN ${label}-----([A-Za-z0-9+/=\\s]+)-----END ${label}-----`).exec(text);
  if (match === null) throw new Error(`no ${label} in the PEM text`);
  return Buffer.from(match[1] as string, "base64");
}

/** An X.501 name: organizations first, each in a set of its own, as Go orders them. */
function name(commonName: string, organizations: readonly string[]): Buffer {
  const attribute = (id: string, value: string): Buffer => der.set(der.sequence(der.oid(id), der.utf8(value)));
  return der.sequence(
    ...organizations.map((o) => attribute(ids.organization, o)),
    ...(commonName === "" ? [] : [attribute(ids.commonName, commonName)]),
  );
}

function ipBytes(address: string): Buffer {
  if (isIP(address) === 4) return Buffer.from(address.split(".").map(Number));
  const [head = "", tail] = address.split("::");
  const words = (text: string): number[] =>
    text === ""
      ? []
      : text.split(":").flatMap((w) => {
          if (!w.includes(".")) return [Number.parseInt(w, 16)];
          const [a = 0, b = 0, c = 0, d = 0] = w.split(".").map(Number);
          return [a * 256 + b, c * 256 + d];
        });
  const front = words(head);
  const back = tail === undefined ? [] : words(tail);
  const all = [...front, ...new Array<number>(8 - front.length - back.length).fill(0), ...back];
  const bytes = Buffer.alloc(16);
  all.forEach((w, i) => bytes.writeUInt16BE(w, i * 2));
  return bytes;
}

function extension(id: string, critical: boolean, value: Buffer): Buffer {
  return der.sequence(der.oid(id), ...(critical ? [der.boolean(true)] : []), der.octets(value));
}

function subjectAltName(sans: readonly string[]): Buffer {
  return der.sequence(...sans.map((s) => (isIP(s) === 0 ? der.implicit(2, Buffer.from(s, "ascii")) : der.implicit(7, ipBytes(s)))));
}

/** RFC 5280 §4.2.1.2, method 1: SHA-1 over the public key's bits. */
function keyId(spki: Buffer): Buffer {
  const [, bitString] = der.readAll((der.readAll(spki)[0] as Element).content);
  return createHash("sha1")
    .update((bitString as Element).content.subarray(1))
    .digest();
}

interface Body {
  issuer: Buffer;
  subject: Buffer;
  spki: Buffer;
  notBefore: number;
  notAfter: number;
  extensions: Buffer[];
  signer: KeyObject;
}

function signCertificate(body: Body): string {
  const algorithm = signatureAlgorithm(body.signer);
  const serial = randomBytes(16);
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x40;
  const tbs = der.sequence(
    der.explicit(0, der.integer(Buffer.from([2]))),
    der.integer(serial),
    algorithm,
    body.issuer,
    der.sequence(der.time(body.notBefore), der.time(body.notAfter)),
    body.subject,
    body.spki,
    der.explicit(3, der.sequence(...body.extensions)),
  );
  return pem("CERTIFICATE", der.sequence(tbs, algorithm, der.bits(sign("sha256", tbs, body.signer))));
}

function signatureAlgorithm(key: KeyObject): Buffer {
  return key.asymmetricKeyType === "rsa"
    ? der.sequence(der.oid(ids.rsaSha256), der.element(0x05, Buffer.alloc(0)))
    : der.sequence(der.oid(ids.ecdsaSha256));
}

/** A self-signed authority. `days`: default 3650. */
export function createCa(options: { commonName: string; organizations?: readonly string[]; days?: number }): CertificateAndKey {
  const key = generateKey();
  const spki = createPublicKey(key).export({ type: "spki", format: "der" });
  const subject = name(options.commonName, options.organizations ?? []);
  const now = Date.now();
  const certificate = signCertificate({
    issuer: subject,
    subject,
    spki,
    notBefore: now - backdate,
    notAfter: now + (options.days ?? 3650) * day,
    extensions: [
      // digitalSignature, keyEncipherment, keyCertSign
      extension(ids.keyUsage, true, der.bits(Buffer.from([0b1010_0100]), 2)),
      extension(ids.basicConstraints, true, der.sequence(der.boolean(true))),
      extension(ids.subjectKeyId, false, der.octets(keyId(spki))),
      ...(isDnsName(options.commonName) ? [extension(ids.subjectAltName, false, subjectAltName([options.commonName]))] : []),
    ],
    signer: key,
  });
  return { certificate, key: keyPem(key) };
}

function isDnsName(text: string): boolean {
  return /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/.test(text);
}

interface Issuer {
  readonly subject: Buffer;
  readonly keyId: Buffer | undefined;
  readonly key: KeyObject;
  readonly notAfter: number;
}

const issuers = new WeakMap<CertificateAndKey, Issuer>();

/** What issuing needs of an authority, read once. */
function issuerOf(ca: CertificateAndKey): Issuer {
  const known = issuers.get(ca);
  if (known !== undefined) return known;
  const raw = fromPem(ca.certificate, "CERTIFICATE");
  const [tbs] = der.readAll((der.readAll(raw)[0] as Element).content) as [Element];
  const fields = der.readAll(tbs.content);
  // version, serial, algorithm, issuer, validity, subject, key, extensions
  const subject = (fields[5] as Element).raw;
  const spki = (fields[6] as Element).raw;
  const issuer: Issuer = {
    subject: Buffer.from(subject),
    keyId: keyId(Buffer.from(spki)),
    key: createPrivateKey(ca.key),
    notAfter: new Date(new X509Certificate(ca.certificate).validTo).getTime(),
  };
  issuers.set(ca, issuer);
  return issuer;
}

function leafExtensions(ca: Issuer, usages: readonly CertificateUsage[], sanExtension: Buffer | undefined): Buffer[] {
  return [
    // digitalSignature, keyEncipherment
    extension(ids.keyUsage, true, der.bits(Buffer.from([0b1010_0000]), 5)),
    extension(ids.extendedKeyUsage, false, der.sequence(...usages.map((u) => der.oid(u === "server" ? ids.serverAuth : ids.clientAuth)))),
    extension(ids.basicConstraints, true, der.sequence()),
    ...(ca.keyId === undefined ? [] : [extension(ids.authorityKeyId, false, der.sequence(der.implicit(0, ca.keyId)))]),
    ...(sanExtension === undefined ? [] : [sanExtension]),
  ];
}

/** A new key and a certificate for it. It never outlives the authority. */
export function issueCertificate(ca: CertificateAndKey, request: CertificateRequestOptions): CertificateAndKey {
  const issuer = issuerOf(ca);
  const key = generateKey();
  const sans = request.sans ?? [];
  const now = Date.now();
  const certificate = signCertificate({
    issuer: issuer.subject,
    subject: name(request.commonName, request.organizations ?? []),
    spki: createPublicKey(key).export({ type: "spki", format: "der" }),
    notBefore: now - backdate,
    notAfter: Math.min(now + (request.days ?? 365) * day, issuer.notAfter),
    extensions: leafExtensions(
      issuer,
      request.usages,
      sans.length === 0 ? undefined : extension(ids.subjectAltName, false, subjectAltName(sans)),
    ),
    signer: issuer.key,
  });
  return { certificate, key: keyPem(key) };
}

/** A PKCS #10 request as read. */
export interface CertificateSigningRequest {
  readonly commonName: string;
  readonly organizations: readonly string[];
  readonly dnsNames: readonly string[];
  readonly ipAddresses: readonly string[];
  readonly emailAddresses: readonly string[];
  readonly uris: readonly string[];
  readonly subject: Buffer;
  /** The public key, DER SPKI. */
  readonly spki: Buffer;
}

/** A request for `key` (a new one when absent), for a client that lets the cluster sign it. */
export function createCsr(options: { commonName: string; organizations?: readonly string[]; sans?: readonly string[]; key?: string }): {
  request: string;
  key: string;
} {
  const key = options.key === undefined ? generateKey() : createPrivateKey(options.key);
  const sans = options.sans ?? [];
  const attributes =
    sans.length === 0
      ? Buffer.alloc(0)
      : der.sequence(der.oid(ids.extensionRequest), der.set(der.sequence(extension(ids.subjectAltName, false, subjectAltName(sans)))));
  const info = der.sequence(
    der.integer(Buffer.from([0])),
    name(options.commonName, options.organizations ?? []),
    createPublicKey(key).export({ type: "spki", format: "der" }),
    der.explicit(0, attributes),
  );
  const request = der.sequence(info, signatureAlgorithm(key), der.bits(sign("sha256", info, key)));
  return { request: pem("CERTIFICATE REQUEST", request), key: keyPem(key) };
}

/**
 * Reads a PEM request. Throws an Error that says what is wrong: not PEM, not DER as it should be, or signed by another key. What
 * stands before the block, and behind it, does not count.
 */
export function parseCsr(text: string): CertificateSigningRequest {
  const block = /-----BEGIN ([^-]*)-----\s([^]*?)-----END \1-----/.exec(text);
  if (block?.[1] !== "CERTIFICATE REQUEST") throw new Error("PEM block type must be CERTIFICATE REQUEST");
  return readCsr(Buffer.from(block[2] as string, "base64"));
}

/** The same from DER. `unchecked`: whoever signed it. */
export function readCsr(bytes: Buffer, options: { readonly unchecked?: boolean } = {}): CertificateSigningRequest {
  const structure = (): Error => new Error("asn1: structure error: tags don't match");
  const fault = requestFrameFault(bytes);
  if (fault !== undefined) throw new Error(fault);
  let parts: [Element, Element, Element];
  try {
    const [outer] = der.readAll(bytes);
    parts = der.readAll((outer as Element).content) as typeof parts;
    if (parts.length !== 3 || parts[0].tag !== 0x30 || parts[1].tag !== 0x30 || parts[2].tag !== 0x03) throw structure();
  } catch (error) {
    if (error instanceof RangeError) throw new Error("asn1: syntax error: data truncated", { cause: error });
    throw error;
  }
  const [info, algorithm, signature] = parts;
  const fields = der.readAll(info.content);
  const [, subject, spkiField] = fields;
  if (subject?.tag !== 0x30 || spkiField?.tag !== 0x30) throw structure();
  const spki = Buffer.from(spkiField.raw);
  if (options.unchecked !== true) checkRequestSignature(info.raw, spki, algorithm, signature.content.subarray(1));
  const parsed = {
    commonName: "",
    organizations: [] as string[],
    dnsNames: [] as string[],
    ipAddresses: [] as string[],
    emailAddresses: [] as string[],
    uris: [] as string[],
    subject: Buffer.from(subject.raw),
    spki,
  };
  for (const rdn of der.readAll(subject.content)) {
    for (const pair of der.readAll(rdn.content)) {
      const [id, value] = der.readAll(pair.content);
      if (id === undefined || value === undefined) throw structure();
      const attribute = der.readOid(id.content);
      if (attribute === ids.commonName) parsed.commonName = value.content.toString("utf8");
      if (attribute === ids.organization) parsed.organizations.push(value.content.toString("utf8"));
    }
  }
  const attributes = fields[3];
  if (attributes !== undefined) readRequestedNames(attributes, parsed);
  return parsed;
}

/** What is wrong with the outermost element, in the words of Go's encoding/asn1. */
function requestFrameFault(bytes: Buffer): string | undefined {
  const [first, second] = bytes;
  if (first === undefined) return "asn1: syntax error: sequence truncated";
  if (second === undefined) return "asn1: syntax error: truncated tag or length";
  const count = second & 0x80 ? second & 0x7f : 0;
  if (count > 4 || second === 0x80 || bytes.length < 2 + count) return "asn1: syntax error: truncated tag or length";
  const start = 2 + count;
  const length = count === 0 ? second : bytes.readUIntBE(2, count);
  if (first !== 0x30) {
    const found = `{class:${first >> 6} tag:${first & 0x1f} length:${length} isCompound:${(first & 0x20) !== 0}}`;
    const wanted =
      "{optional:false explicit:false application:false private:false defaultValue:<nil> tag:<nil> stringType:0 timeType:0 set:false omitEmpty:false}";
    return `asn1: structure error: tags don't match (16 vs ${found}) ${wanted} certificateRequest @${start}`;
  }
  if (start + length > bytes.length) return "asn1: syntax error: data truncated";
  return start + length < bytes.length ? "asn1: syntax error: trailing data" : undefined;
}

/** Signature algorithms of requests, by their identifiers: the hash (null: the key's own), and whether RSA signs by PSS. */
const requestAlgorithms: Readonly<Record<string, { readonly hash: string | null; readonly kind: "rsa" | "ec" | "ed25519" }>> = {
  "1.2.840.113549.1.1.11": { hash: "sha256", kind: "rsa" },
  "1.2.840.113549.1.1.12": { hash: "sha384", kind: "rsa" },
  "1.2.840.113549.1.1.13": { hash: "sha512", kind: "rsa" },
  "1.2.840.10045.4.3.2": { hash: "sha256", kind: "ec" },
  "1.2.840.10045.4.3.3": { hash: "sha384", kind: "ec" },
  "1.2.840.10045.4.3.4": { hash: "sha512", kind: "ec" },
  "1.3.101.112": { hash: null, kind: "ed25519" },
};
const pss = "1.2.840.113549.1.1.10";
const sha256 = "2.16.840.1.101.3.4.2.1";
const sha384 = "2.16.840.1.101.3.4.2.2";

function checkRequestSignature(signed: Buffer, spki: Buffer, algorithm: Element, signature: Buffer): void {
  const key = createPublicKey({ key: spki, format: "der", type: "spki" });
  const id = der.readOid((der.readAll(algorithm.content)[0] as Element).content);
  const known = requestAlgorithms[id];
  if (known === undefined && id !== pss) throw new Error("x509: cannot verify signature: algorithm unimplemented");
  const kind = known?.kind ?? "rsa";
  if (key.asymmetricKeyType !== kind) {
    throw new Error(`x509: signature algorithm specifies an ${kind.toUpperCase()} public key, but have public key of another type`);
  }
  const good =
    known !== undefined
      ? verify(known.hash, signed, key, signature)
      : verify(
          pssHash(algorithm),
          signed,
          { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_AUTO },
          signature,
        );
  if (good) return;
  throw new Error(
    kind === "rsa"
      ? "crypto/rsa: verification error"
      : kind === "ec"
        ? "x509: ECDSA verification failure"
        : "x509: Ed25519 verification failure",
  );
}

/** The hash that the parameters of RSASSA-PSS name. */
function pssHash(algorithm: Element): string {
  const text = algorithm.raw.toString("latin1");
  const names = (id: string): boolean => text.includes(der.oid(id).toString("latin1"));
  return names(sha256) ? "sha256" : names(sha384) ? "sha384" : "sha512";
}

function readRequestedNames(
  attributes: Element,
  into: { dnsNames: string[]; ipAddresses: string[]; emailAddresses: string[]; uris: string[] },
): void {
  for (const attribute of der.readAll(attributes.content)) {
    const [id, values] = der.readAll(attribute.content) as [Element, Element];
    if (der.readOid(id.content) !== ids.extensionRequest) continue;
    const [list] = der.readAll(values.content) as [Element];
    for (const ext of der.readAll(list.content)) {
      const parts = der.readAll(ext.content);
      if (der.readOid((parts[0] as Element).content) !== ids.subjectAltName) continue;
      const [names] = der.readAll((parts[parts.length - 1] as Element).content) as [Element];
      for (const general of der.readAll(names.content)) {
        const number = general.tag & 0x1f;
        if (number === 1) into.emailAddresses.push(general.content.toString("latin1"));
        if (number === 2) into.dnsNames.push(general.content.toString("latin1"));
        if (number === 6) into.uris.push(general.content.toString("latin1"));
        if (number === 7) into.ipAddresses.push(ipText(general.content));
      }
    }
  }
}

function ipText(bytes: Buffer): string {
  if (bytes.length === 4) return bytes.join(".");
  const words: string[] = [];
  for (let i = 0; i + 1 < bytes.length; i += 2) words.push(bytes.readUInt16BE(i).toString(16));
  return words.join(":");
}

export interface SignRequestOptions {
  /** Bits of keyUsage, first bit 0 (RFC 5280 §4.2.1.3); the extension is left out when there are none. */
  readonly keyUsage: readonly number[];
  /** Dotted identifiers, in order. */
  readonly extendedKeyUsage: readonly string[];
  /** Milliseconds since the epoch. The certificate never outlives the authority. */
  readonly notBefore: number;
  readonly notAfter: number;
}

/**
 * Signs a request: its subject and names are taken over as they stand, so check them first. Returns the certificate's PEM.
 */
export function signRequest(ca: CertificateAndKey, csr: CertificateSigningRequest, options: SignRequestOptions): string {
  const issuer = issuerOf(ca);
  const names = [
    ...csr.dnsNames.map((n) => der.implicit(2, Buffer.from(n, "latin1"))),
    ...csr.emailAddresses.map((e) => der.implicit(1, Buffer.from(e, "latin1"))),
    ...csr.ipAddresses.map((a) => der.implicit(7, ipBytes(a))),
    ...csr.uris.map((u) => der.implicit(6, Buffer.from(u, "latin1"))),
  ];
  const { keyUsage, extendedKeyUsage } = options;
  return signCertificate({
    issuer: issuer.subject,
    subject: csr.subject,
    spki: csr.spki,
    notBefore: options.notBefore,
    notAfter: Math.min(options.notAfter, issuer.notAfter),
    extensions: [
      ...(keyUsage.length === 0 ? [] : [extension(ids.keyUsage, true, usageBits(keyUsage))]),
      ...(extendedKeyUsage.length === 0
        ? []
        : [extension(ids.extendedKeyUsage, false, der.sequence(...extendedKeyUsage.map((id) => der.oid(id))))]),
      extension(ids.basicConstraints, true, der.sequence()),
      ...(issuer.keyId === undefined ? [] : [extension(ids.authorityKeyId, false, der.sequence(der.implicit(0, issuer.keyId)))]),
      ...(names.length === 0 ? [] : [extension(ids.subjectAltName, false, der.sequence(...names))]),
    ],
    signer: issuer.key,
  });
}

/** When the authority's own certificate ends, in milliseconds since the epoch. */
export function authorityEnds(ca: CertificateAndKey): number {
  return issuerOf(ca).notAfter;
}

function usageBits(bits: readonly number[]): Buffer {
  const last = Math.max(...bits);
  const bytes = Buffer.alloc((last >> 3) + 1);
  for (const bit of bits) bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) | (0x80 >> (bit & 7));
  return der.bits(bytes, 7 - (last & 7));
}

/** The certificates of a PEM bundle, each as PEM. */
export function splitBundle(bundle: string): string[] {
  return bundle.match(/-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----/g) ?? [];
}
