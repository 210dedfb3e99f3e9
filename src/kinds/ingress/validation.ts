import type { FieldError, FieldPath as Path } from "../../schema/field-error.ts";
import { FieldPath, invalidField, notSupported, required } from "../../schema/field-error.ts";
import { dns1123Subdomain, pathSegmentName, portName, wildcardDns1123Subdomain } from "../../core/names.ts";
import type { HTTPIngressPath, Ingress, IngressBackend, IngressSpec, IngressTLS } from "../../schema/types/networking-v1.ts";
import { parseIpSloppy, validateLegacyIp } from "../addresses.ts";
import { invalidEach, nameIsDnsLabel, nameIsDnsSubdomain, portNumber } from "../formats.ts";

const path = new FieldPath("spec");
const classAnnotation = "kubernetes.io/ingress.class";

export function validateIngress(ingress: Ingress): FieldError[] {
  const errors = validateSpec(ingress.spec, undefined);
  const annotation = ingress.metadata?.annotations?.[classAnnotation];
  const name = ingress.spec?.ingressClassName;
  if (annotation !== undefined && name !== undefined && annotation !== name) {
    const why = "must match `ingressClassName` when both are specified";
    errors.push(invalidField(new FieldPath("annotations").child(classAnnotation), annotation, why));
  }
  return errors;
}

export function validateIngressUpdate(ingress: Ingress, old: Ingress): FieldError[] {
  return validateSpec(ingress.spec, old.spec);
}

export function validateIngressStatus(ingress: Ingress, old: Ingress): FieldError[] {
  const errors: FieldError[] = [];
  const known = (old.status?.loadBalancer?.ingress ?? []).flatMap((i) => (i.ip ? [i.ip] : []));
  ingress.status?.loadBalancer?.ingress?.forEach(({ ip, hostname }, i) => {
    const at = new FieldPath("status.loadBalancer.ingress").index(i);
    if (ip) validateLegacyIp(ip, at.child("ip"), errors, known);
    if (!hostname) return;
    invalidEach(dns1123Subdomain(hostname), at.child("hostname"), hostname, errors);
    if (parseIpSloppy(hostname)) errors.push(invalidField(at.child("hostname"), hostname, "must be a DNS name, not an IP address"));
  });
  return errors;
}

function validateSpec(spec: IngressSpec | undefined, old: IngressSpec | undefined): FieldError[] {
  const errors: FieldError[] = [];
  const rules = spec?.rules ?? [];
  if (rules.length === 0 && spec?.defaultBackend === undefined) {
    errors.push(invalidField(path, spec?.rules ?? null, "either `defaultBackend` or `rules` must be specified"));
  }
  if (spec?.defaultBackend !== undefined) validateBackend(spec.defaultBackend, path.child("defaultBackend"), errors);
  const looseWildcards = old?.rules?.some((r) => r.host?.includes("*") === true && ruleErrors(r.http?.paths, path).length > 0) === true;
  rules.forEach(({ host = "", http }, i) => {
    const at = path.child("rules").index(i);
    if (host !== "") validateHost(host, at.child("host"), errors);
    if (host.includes("*") && looseWildcards) return;
    if (http !== undefined) errors.push(...ruleErrors(http.paths, at.child("http")));
  });
  const looseSecrets = old?.tls?.some((t) => secretNameErrors(t).length > 0) === true;
  spec?.tls?.forEach((tls, i) => validateTls(tls, looseSecrets, path.child("tls").index(i), errors));
  const name = spec?.ingressClassName;
  if (name !== undefined) invalidEach(nameIsDnsSubdomain(name, false), path.child("ingressClassName"), name, errors);
  return errors;
}

function validateHost(host: string, at: Path, errors: FieldError[]): void {
  if (parseIpSloppy(host)) errors.push(invalidField(at, host, "must be a DNS name, not an IP address"));
  invalidEach(host.includes("*") ? wildcardDns1123Subdomain(host) : dns1123Subdomain(host), at, host, errors);
}

function secretNameErrors({ secretName = "" }: IngressTLS): string[] {
  return secretName === "" ? [] : nameIsDnsSubdomain(secretName, false);
}

function validateTls(tls: IngressTLS, loose: boolean, at: Path, errors: FieldError[]): void {
  tls.hosts?.forEach((host, i) => {
    const messages = host.includes("*") ? wildcardDns1123Subdomain(host) : dns1123Subdomain(host);
    invalidEach(messages, at.child("hosts").index(i), host, errors);
  });
  if (!loose) invalidEach(secretNameErrors(tls), at.child("secretName"), tls.secretName, errors);
}

/** An empty list is null, as Go writes it. */
function ruleErrors(paths: readonly HTTPIngressPath[] | null | undefined, at: Path): FieldError[] {
  const errors: FieldError[] = [];
  if (!paths?.length) errors.push(required(at.child("paths")));
  paths?.forEach((p, i) => validatePath(p, at.child("paths").index(i), errors));
  return errors;
}

const pathTypes = ["Exact", "ImplementationSpecific", "Prefix"];
const badSequences = ["//", "/./", "/../", "%2f", "%2F"];

function validatePath({ path: text = "", pathType: type, backend }: HTTPIngressPath, at: Path, errors: FieldError[]): void {
  // A missing type is null, as Go writes it.
  if ((type ?? undefined) === undefined) {
    errors.push(required(at.child("pathType"), "pathType must be specified"));
    return;
  }
  const wrong = (why: string): void => void errors.push(invalidField(at.child("path"), text, why));
  const matched = type === "Exact" || type === "Prefix";
  if (!pathTypes.includes(type ?? "")) errors.push(notSupported(at.child("pathType"), type, pathTypes));
  else if (!text.startsWith("/") && (matched || text !== "")) wrong("must be an absolute path");
  if (matched) {
    for (const sequence of badSequences) if (text.includes(sequence)) wrong(`must not contain '${sequence}'`);
    for (const suffix of ["/..", "/."]) if (text.endsWith(suffix)) wrong(`cannot end with '${suffix}'`);
  }
  validateBackend(backend, at.child("backend"), errors);
}

function validateBackend({ resource, service }: IngressBackend, at: Path, errors: FieldError[]): void {
  if (resource !== undefined && service !== undefined) {
    errors.push(invalidField(at, "", "cannot set both resource and service backends"));
  } else if (resource !== undefined) validateObjectReference(resource, at.child("resource"), errors);
  else if (service === undefined) errors.push(invalidField(at, "", "resource or service backend is required"));
  else {
    const here = at.child("service", "name");
    if (!service.name) errors.push(required(here));
    else invalidEach(nameIsDnsLabel(service.name, false), here, service.name, errors);
    const { name = "", number = 0 } = service.port ?? {};
    const port = at.child("service", "port");
    if (name !== "" && number !== 0) errors.push(invalidField(at, "", "cannot set both port name & port number"));
    else if (name !== "") invalidEach(portName(name), port.child("name"), name, errors);
    else if (number !== 0) invalidEach(portNumber(number), port.child("number"), number, errors);
    else errors.push(required(at, "port name or number is required"));
  }
}

interface ObjectReference {
  readonly apiGroup?: string | null | undefined;
  readonly kind?: string | undefined;
  readonly name?: string | undefined;
}

/** A reference to something in the same namespace. */
export function validateObjectReference(reference: ObjectReference, at: Path, errors: FieldError[]): void {
  if (typeof reference.apiGroup === "string")
    invalidEach(dns1123Subdomain(reference.apiGroup), at.child("apiGroup"), reference.apiGroup, errors);
  for (const field of ["kind", "name"] as const) {
    const value = reference[field] ?? "";
    if (value === "") errors.push(required(at.child(field)));
    else invalidEach(pathSegmentName(value), at.child(field), value, errors);
  }
}

export function ingressWarnings({ metadata, spec }: Ingress, old: Ingress | undefined): string[] {
  if (old !== undefined || metadata?.annotations?.[classAnnotation] === undefined || spec?.ingressClassName !== undefined) return [];
  return [`annotation "${classAnnotation}" is deprecated, please use 'spec.ingressClassName' instead`];
}
