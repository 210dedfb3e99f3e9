/** Names of a pod: its hostname, its resolver, its aliases. */
import type { FieldError, FieldPath } from "../../schema/field-error.ts";
import { forbiddenField, invalidField, notSupported, required, tooLong } from "../../schema/field-error.ts";
import type { PodSpec } from "../../schema/types/core-v1.ts";
import { validateLegacyIp } from "../addresses.ts";
import { byteLength, invalidEach, subdomainWithUnderscore, validateDnsSubdomain } from "../formats.ts";

const dnsPolicies: readonly string[] = ["ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"];

export function validateDnsPolicy(spec: PodSpec, path: FieldPath, errors: FieldError[]): void {
  const policy = spec.dnsPolicy;
  if (!policy) errors.push(required(path.child("dnsPolicy")));
  else if (!dnsPolicies.includes(policy)) errors.push(notSupported(path.child("dnsPolicy"), policy, dnsPolicies));
}

export function validateDnsConfig(spec: PodSpec, specPath: FieldPath, errors: FieldError[]): void {
  const config = spec.dnsConfig;
  const path = specPath.child("dnsConfig");
  if (spec.dnsPolicy === "None") {
    if (!config) {
      errors.push(required(path, "must provide `dnsConfig` when `dnsPolicy` is None"));
      return;
    }
    if (!config.nameservers?.length) {
      errors.push(required(path.child("nameservers"), "must provide at least one DNS nameserver when `dnsPolicy` is None"));
      return;
    }
  }
  if (!config) return;
  const { nameservers = [], searches = [], options = [] } = config;
  if (nameservers.length > 3) errors.push(invalidField(path.child("nameservers"), nameservers, "must not have more than 3 nameservers"));
  nameservers.forEach((server, i) => validateLegacyIp(server, path.child("nameservers").index(i), errors));
  const at = path.child("searches");
  if (searches.length > 32) errors.push(invalidField(at, searches, "must not have more than 32 search paths"));
  if (byteLength(searches.join(" ")) > 2048) {
    errors.push(invalidField(at, searches, "must not have more than 2048 characters (including spaces) in the search list"));
  }
  searches.forEach((search, i) => {
    if (search === ".") return;
    const name = search.endsWith(".") ? search.slice(0, -1) : search;
    invalidEach(subdomainWithUnderscore(name), at.index(i), name, errors, "format=k8s-dns-subdomain-with-underscore");
  });
  options.forEach((option, i) => {
    if (!option.name) errors.push(required(path.child("options").index(i), "must not be empty"));
  });
}

export function validateHostAliases(spec: PodSpec, specPath: FieldPath, errors: FieldError[]): void {
  spec.hostAliases?.forEach((alias, i) => {
    const at = specPath.child("hostAliases").index(i);
    validateLegacyIp(alias.ip ?? "", at.child("ip"), errors);
    alias.hostnames?.forEach((name, j) => validateDnsSubdomain(name, at.child("hostnames").index(j), errors));
  });
}

export function validateHostnameOverride(spec: PodSpec, path: FieldPath, errors: FieldError[]): void {
  const name = spec.hostnameOverride;
  if (name === undefined) return;
  const at = path.child("hostnameOverride");
  if (spec.setHostnameAsFQDN === true) errors.push(forbiddenField(at, "may not be specified when setHostnameAsFQDN is true"));
  if (spec.hostNetwork === true) errors.push(forbiddenField(at, "may not be specified when hostNetwork is true"));
  if (byteLength(name) > 64) errors.push(tooLong(at, 64));
  validateDnsSubdomain(name, at, errors);
}
