/** Where a webhook is called: a URL, or a service in the cluster (`apiserver/pkg/util/webhook`). */
import type { FieldError, FieldPath } from "../schema/field-error.ts";
import { invalidField, required } from "../schema/field-error.ts";
import { dns1123Subdomain, portNumber } from "../core/names.ts";

const form = "; desired format: https://host[/path]";

export function validateWebhookUrl(text: string, path: FieldPath, errors: FieldError[]): void {
  const match = /^(?:([a-zA-Z][a-zA-Z0-9+.-]*):)?(?:\/\/(?:([^@/?#]*)@)?([^/?#]*))?([^?#]*)(?:\?([^#]*))?(?:#(.*))?$/s.exec(text);
  const [, scheme = "", user, host = "", , query = "", fragment = ""] = match ?? [];
  if (scheme.toLowerCase() !== "https")
    errors.push(invalidField(path, scheme.toLowerCase(), `'https' is the only allowed URL scheme${form}`));
  if (host === "") errors.push(invalidField(path, host, `host must be specified${form}`));
  if (user !== undefined) errors.push(invalidField(path, user, "user information is not permitted in the URL"));
  if (fragment !== "") errors.push(invalidField(path, fragment, "fragments are not permitted in the URL"));
  if (query !== "") errors.push(invalidField(path, query, "query parameters are not permitted in the URL"));
}

interface ServiceReference {
  readonly name?: string | undefined;
  readonly namespace?: string | undefined;
  readonly path?: string | undefined;
  readonly port?: number | undefined;
}

export function validateWebhookService(service: ServiceReference, at: FieldPath, errors: FieldError[]): void {
  if (!service.name) errors.push(required(at.child("name")));
  if (!service.namespace) errors.push(required(at.child("namespace")));
  const port = service.port ?? 0;
  const wrong = portNumber(port);
  if (wrong.length > 0) errors.push(invalidField(at.child("port"), port, `port is not valid: ${wrong.join(", ")}`));
  const { path = "" } = service;
  if (path !== "" && path !== "/") validateServicePath(path, at.child("path"), errors);
}

function validateServicePath(path: string, at: FieldPath, errors: FieldError[]): void {
  if (path === "//") {
    errors.push(invalidField(at, path, "segment[0] may not be empty"));
    return;
  }
  if (!path.startsWith("/")) errors.push(invalidField(at, path, "must start with a '/'"));
  const steps = path.slice(1).replace(/\/$/, "").split("/");
  for (const [i, step] of steps.entries()) {
    if (step === "") errors.push(invalidField(at, path, `segment[${i}] may not be empty`));
    else for (const message of dns1123Subdomain(step)) errors.push(invalidField(at, path, `segment[${i}]: ${message}`));
  }
}

/** Undefined when a bundle (base64 of PEM) can be read. */
export function caBundleError(bundle: string): string | undefined {
  const text = Buffer.from(bundle, "base64").toString("latin1");
  if (/-----BEGIN [A-Z0-9 ]+-----[^-]*-----END [A-Z0-9 ]+-----/.test(text)) return undefined;
  return "unable to load root certificates: unable to parse bytes as PEM block";
}
