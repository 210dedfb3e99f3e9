/** What is wrong with the flags of authentication and authorization, in kube-apiserver's words and order. */
import { existsSync, readFileSync } from "node:fs";
import { parseUrl, urlFault } from "../../core/go-url.ts";
import { signingAlgorithms } from "../../auth/oidc/jws.ts";
import { quotedList } from "../../auth/oidc/id-token.ts";
import { splitBundle } from "../../host/pki.ts";
import { goQuote } from "../../core/go-quote.ts";
import type { ApiServerFlags } from "../api-server-flags/api-server-flags.ts";

const oidcFlags = [
  "oidc-issuer-url",
  "oidc-client-id",
  "oidc-ca-file",
  "oidc-username-claim",
  "oidc-username-prefix",
  "oidc-groups-claim",
  "oidc-groups-prefix",
  "oidc-signing-algs",
  "oidc-required-claim",
];

export function authenticationFaults(flags: ApiServerFlags): string[] {
  return [
    ...oidcFaults(flags),
    ...issuerFaults(flags),
    ...tokenLifeFaults(flags),
    ...webhookVersionFault(flags, "authentication"),
    ...requestHeaderFaults(flags),
  ];
}

function oidcFaults(flags: ApiServerFlags): string[] {
  const given = oidcFlags.some((name) => flags.given(name));
  if (flags.string("authentication-config") !== "") {
    return given ? ["authentication-config file and oidc-* flags are mutually exclusive"] : [];
  }
  const faults: string[] = [];
  if (given && (flags.string("oidc-issuer-url") === "" || flags.string("oidc-client-id") === "")) {
    faults.push("oidc-issuer-url and oidc-client-id must be specified together when any oidc-* flags are set");
  }
  const strange = flags.list("oidc-signing-algs").find((alg) => !signingAlgorithms.includes(alg));
  if (strange !== undefined) faults.push(`oidc: unsupported signing alg: ${goQuote(strange)}`);
  return faults;
}

function issuerFaults(flags: ApiServerFlags): string[] {
  const faults: string[] = [];
  const seen = new Set<string>();
  for (const issuer of flags.list("service-account-issuer")) {
    const fault = issuer.includes(":") ? urlFault(issuer) : undefined;
    if (fault !== undefined) faults.push(`service-account-issuer ${goQuote(issuer)} contained a ':' but was not a valid URL: ${fault}`);
    else if (issuer === "") faults.push("service-account-issuer should not be an empty string");
    else if (seen.has(issuer)) faults.push(`service-account-issuer ${goQuote(issuer)} is already specified`);
    seen.add(issuer);
  }
  const uri = flags.string("service-account-jwks-uri");
  if (uri !== "") {
    const fault = urlFault(uri);
    if (fault !== undefined) faults.push(`service-account-jwks-uri must be a valid URL: ${fault}`);
    else if (parseUrl(uri).scheme !== "https") faults.push(`service-account-jwks-uri requires https scheme, parsed as: ${uri}`);
  }
  return faults;
}

const hour = 3_600_000;

function tokenLifeFaults(flags: ApiServerFlags): string[] {
  const longest = flags.duration("service-account-max-token-expiration");
  // 2^32 seconds: what a TokenRequest can ask for.
  if (longest === 0 || (longest >= hour && longest <= 2 ** 32 * 1000)) return [];
  return ["the service-account-max-token-expiration must be between 1 hour and 2^32 seconds"];
}

function webhookVersionFault(flags: ApiServerFlags, what: "authentication" | "authorization"): string[] {
  const [file, version] =
    what === "authentication"
      ? (["authentication-token-webhook-config-file", "authentication-token-webhook-version"] as const)
      : (["authorization-webhook-config-file", "authorization-webhook-version"] as const);
  const asked = flags.string(version);
  if (flags.string(file) === "" || asked === "v1" || asked === "v1beta1") return [];
  const which = what === "authentication" ? "authentication webhook" : "webhook authorizer";
  return [`unsupported ${which} version ${goQuote(asked)}, supported versions are "v1", "v1beta1"`];
}

function requestHeaderFaults(flags: ApiServerFlags): string[] {
  const faults: string[] = [];
  const blank = (name: string): void => {
    if (flags.list(name).some((value) => value.trim() === "")) faults.push(`empty value in ${goQuote(name)}`);
  };
  blank("requestheader-username-headers");
  blank("requestheader-group-headers");
  blank("requestheader-extra-headers-prefix");
  blank("requestheader-allowed-names");
  blank("requestheader-uid-headers");
  const uids = flags.list("requestheader-uid-headers");
  if (uids.length > 0 && !uids.some((h) => h.toLowerCase() === "x-remote-uid")) {
    faults.push("--requestheader-uid-headers is set without specifying the standard X-Remote-Uid header - API aggregation will not work");
  }
  const [clients, proxies] = [flags.string("client-ca-file"), flags.string("requestheader-client-ca-file")];
  if (clients !== "" && proxies !== "" && flags.list("requestheader-allowed-names").length === 0 && overlap(clients, proxies)) {
    faults.push(
      "--requestheader-client-ca-file and --client-ca-file contain overlapping certificates; --requestheader-allowed-names must be specified to ensure regular client certificates cannot set authenticating proxy headers for arbitrary users",
    );
  }
  return faults;
}

function overlap(first: string, second: string): boolean {
  if (!existsSync(first) || !existsSync(second)) return false;
  const bare = (path: string): string[] => splitBundle(readFileSync(path, "utf8")).map((pem) => pem.replace(/\s/g, ""));
  const known = new Set(bare(first));
  return bare(second).some((pem) => known.has(pem));
}

const modes = ["AlwaysAllow", "AlwaysDeny", "ABAC", "Webhook", "RBAC", "Node"];

const legacyFlags = [
  "authorization-mode",
  "authorization-webhook-config-file",
  "authorization-webhook-version",
  "authorization-webhook-cache-authorized-ttl",
  "authorization-webhook-cache-unauthorized-ttl",
];

export function authorizationFaults(flags: ApiServerFlags): string[] {
  if (flags.string("authorization-config") !== "") {
    const legacy = legacyFlags.some((name) => flags.given(name));
    return legacy
      ? ["--authorization-config can not be specified when --authorization-mode or --authorization-webhook-* flags are defined"]
      : [];
  }
  const asked = flags.list("authorization-mode");
  const faults: string[] = [];
  const [policies, webhook] = [flags.string("authorization-policy-file"), flags.string("authorization-webhook-config-file")];
  for (const mode of asked) {
    if (!modes.includes(mode)) faults.push(`authorization-mode ${goQuote(mode)} is not a valid mode`);
    if (mode === "ABAC" && policies === "") faults.push("authorization-mode ABAC's authorization policy file not passed");
    if (mode === "Webhook" && webhook === "") faults.push("authorization-mode Webhook's authorization config file not passed");
  }
  if (policies !== "" && !asked.includes("ABAC")) faults.push("cannot specify --authorization-policy-file without mode ABAC");
  if (webhook !== "" && !asked.includes("Webhook")) {
    faults.push("cannot specify --authorization-webhook-config-file without mode Webhook");
  }
  if (new Set(asked).size < asked.length) {
    faults.push(`authorization-mode ${quotedList(asked)} has mode specified more than once`);
  }
  return [...faults, ...webhookVersionFault(flags, "authorization")];
}
