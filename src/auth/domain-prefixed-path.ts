/** Keys that belong to a domain: `example.org/tenant` (`k8s.io/apimachinery/pkg/util/validation.IsDomainPrefixedPath`). */
import { dns1123Subdomain } from "../core/names.ts";
import { type FieldError, type FieldPath, invalidField, required } from "../schema/field-error.ts";

const pathFormat = "[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+";

/** What is wrong with such a key. */
export function domainPrefixedPath(text: string, path: FieldPath): FieldError[] {
  if (text === "") return [required(path)];
  const slash = text.indexOf("/");
  const [host, rest] = slash < 0 ? [text, ""] : [text.slice(0, slash), text.slice(slash + 1)];
  if (slash < 0 || host === "" || rest === "") {
    return [invalidField(path, text, 'must be a domain-prefixed path (such as "acme.io/foo")')];
  }
  const errors = dns1123Subdomain(host).map((message) => invalidField(path, host, message));
  if (!new RegExp(`^${pathFormat}$`).test(rest)) {
    errors.push(invalidField(path, rest, `Invalid path (regex used for validation is '${pathFormat}')`));
  }
  return errors;
}
