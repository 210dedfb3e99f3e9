/** How the API server listens: kube-apiserver's flags in the platform's terms. */
import { X509Certificate } from "node:crypto";
import type { FrontOptions, FrontTls } from "../apiserver/http/front.ts";
import { type ApiServerFlags, readFlagFile } from "./api-server-flags/index.ts";
import { UsageError } from "./usage-error.ts";

/** Go's names of the cipher suites below TLS 1.3, and OpenSSL's. */
const ciphers: Readonly<Record<string, string>> = {
  TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256: "ECDHE-ECDSA-AES128-GCM-SHA256",
  TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384: "ECDHE-ECDSA-AES256-GCM-SHA384",
  TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305: "ECDHE-ECDSA-CHACHA20-POLY1305",
  TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256: "ECDHE-ECDSA-CHACHA20-POLY1305",
  TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256: "ECDHE-RSA-AES128-GCM-SHA256",
  TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384: "ECDHE-RSA-AES256-GCM-SHA384",
  TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305: "ECDHE-RSA-CHACHA20-POLY1305",
  TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256: "ECDHE-RSA-CHACHA20-POLY1305",
  TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA: "ECDHE-ECDSA-AES128-SHA",
  TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA: "ECDHE-ECDSA-AES256-SHA",
  TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA: "ECDHE-RSA-AES128-SHA",
  TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA: "ECDHE-RSA-AES256-SHA",
  TLS_RSA_WITH_AES_128_GCM_SHA256: "AES128-GCM-SHA256",
  TLS_RSA_WITH_AES_256_GCM_SHA384: "AES256-GCM-SHA384",
  TLS_RSA_WITH_AES_128_CBC_SHA: "AES128-SHA",
  TLS_RSA_WITH_AES_256_CBC_SHA: "AES256-SHA",
};

/** Those of TLS 1.3 are always offered, and may be named. */
const modern: ReadonlySet<string> = new Set(["TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"]);
const modernList = "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256";

/** IANA numbers of named groups, and OpenSSL's names. */
const curves: Readonly<Record<string, string>> = { 23: "P-256", 24: "P-384", 25: "P-521", 29: "X25519", 4588: "X25519MLKEM768" };

const versions = { VersionTLS10: "TLSv1", VersionTLS11: "TLSv1.1", VersionTLS12: "TLSv1.2", VersionTLS13: "TLSv1.3" } as const;

/** What flags say of how to listen. */
export type Serving = Pick<
  FrontOptions,
  "minVersion" | "ciphers" | "curves" | "disableHttp2" | "maxStreams" | "goawayChance" | "cors" | "strictTransportSecurity"
>;

function named(flag: string, names: readonly string[], table: Readonly<Record<string, string>>, what: string): string[] {
  return names.map((name) => {
    const found = Object.hasOwn(table, name) ? table[name] : undefined;
    if (found === undefined) throw new UsageError(`--kube-apiserver-arg ${flag}: ${what} ${name} not supported or doesn't exist`);
    return found;
  });
}

/** @throws UsageError */
export async function servingOf(flags: ApiServerFlags): Promise<Serving> {
  const suites = flags.list("tls-cipher-suites").filter((name) => !modern.has(name));
  const old = named("tls-cipher-suites", suites, ciphers, "Cipher suite");
  const groups = named("tls-curve-preferences", flags.list("tls-curve-preferences"), curves, "Curve");
  const oldest = flags.string("tls-min-version") as keyof typeof versions | "";
  const hsts = flags.list("strict-transport-security-directives");
  const streams = flags.int("http2-max-streams-per-connection");
  return {
    disableHttp2: flags.bool("disable-http2-serving"),
    goawayChance: flags.float("goaway-chance"),
    cors: await originsOf(flags.list("cors-allowed-origins")),
    ...(oldest === "" ? {} : { minVersion: versions[oldest] }),
    ...(old.length === 0 ? {} : { ciphers: [modernList, ...old].join(":") }),
    ...(groups.length === 0 ? {} : { curves: groups.join(":") }),
    ...(streams === 0 ? {} : { maxStreams: streams }),
    ...(hsts.length === 0 ? {} : { strictTransportSecurity: hsts.join("; ") }),
  };
}

/** Patterns are RE2's, as the flag says. */
async function originsOf(patterns: readonly string[]): Promise<((origin: string) => boolean) | undefined> {
  if (patterns.length === 0) return undefined;
  const { RE2JS } = await import("re2js");
  const compiled = patterns.map((pattern) => {
    try {
      return RE2JS.compile(pattern);
    } catch (error) {
      const why = (error as Error).message;
      throw new UsageError(`--kube-apiserver-arg cors-allowed-origins: --cors-allowed-origins has an invalid regular expression: ${why}`);
    }
  });
  return (origin) => compiled.some((pattern) => pattern.matcher(origin).find());
}

/**
 * The server's certificates: those that flags name before the cluster's own.
 * @throws UsageError
 */
export function certificatesOf(flags: ApiServerFlags, own: { readonly certificate: string; readonly key: string }): FrontTls {
  const certificate = flags.file("tls-cert-file")?.text ?? own.certificate;
  const key = flags.file("tls-private-key-file")?.text ?? own.key;
  const byName = flags.list("tls-sni-cert-key").map((text) => {
    const [files = "", names = ""] = text.split(":");
    const [certificateFile = "", keyFile = ""] = files.split(",");
    const pem = readFlagFile("tls-sni-cert-key", certificateFile);
    const given = names.split(",").filter((name) => name !== "");
    return { names: given.length > 0 ? given : namesOf(pem), certificate: pem, key: readFlagFile("tls-sni-cert-key", keyFile) };
  });
  return { certificate, key, ...(byName.length === 0 ? {} : { byName }) };
}

/** What a certificate is for. */
function namesOf(pem: string): string[] {
  const names = new X509Certificate(pem).subjectAltName ?? "";
  return names.split(", ").flatMap((part) => (part.startsWith("DNS:") ? [part.slice(4)] : []));
}
