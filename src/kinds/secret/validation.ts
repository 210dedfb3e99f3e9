import type { FieldError } from "../../schema/field-error.ts";
import { FieldPath, forbiddenField, invalidField, required, tooLong } from "../../schema/field-error.ts";
import type { Secret } from "../../schema/types/core-v1.ts";
import { base64Length, maxDataSize } from "../config-map/validation.ts";
import { configMapKey, invalidEach, nameIsDnsSubdomain } from "../formats.ts";
import { goJsonObjectError } from "../go-json-error.ts";
import { validateImmutable, validateObjectMeta } from "../object-meta.ts";
import { semanticEqual } from "../semantic-equal.ts";

const dataPath = new FieldPath("data");

/** The annotation that says whose token a token secret is. */
export const serviceAccountNameAnnotation = "kubernetes.io/service-account.name";

/** Errors of a secret beyond its metadata: well-known types have to have their keys. */
export function validateSecret(secret: Secret): FieldError[] {
  const errors: FieldError[] = [];
  const data: Readonly<Record<string, string>> = secret.data ?? {};
  let size = 0;
  for (const key in data) {
    const messages = configMapKey(key);
    if (messages.length > 0) invalidEach(messages, dataPath.key(key), key, errors);
    size += base64Length(data[key] as string);
  }
  if (size > maxDataSize) errors.push(tooLong(dataPath, maxDataSize));
  const need = (key: string): void => {
    if (!(key in data)) errors.push(required(dataPath.key(key)));
  };
  switch (secret.type) {
    case "kubernetes.io/service-account-token":
      if (!secret.metadata?.annotations?.[serviceAccountNameAnnotation]) {
        errors.push(required(new FieldPath("metadata.annotations").key(serviceAccountNameAnnotation)));
      }
      break;
    case "kubernetes.io/dockercfg":
      validateJson(data, ".dockercfg", errors);
      break;
    case "kubernetes.io/dockerconfigjson":
      validateJson(data, ".dockerconfigjson", errors);
      break;
    case "kubernetes.io/basic-auth":
      if ("username" in data || "password" in data) break;
      need("username");
      need("password");
      break;
    case "kubernetes.io/ssh-auth":
      if (!data["ssh-privatekey"]) errors.push(required(dataPath.key("ssh-privatekey")));
      break;
    case "kubernetes.io/tls":
      need("tls.crt");
      need("tls.key");
  }
  return errors;
}

function validateJson(data: Readonly<Record<string, string>>, key: string, errors: FieldError[]): void {
  const value = data[key];
  if (value === undefined) {
    errors.push(required(dataPath.key(key)));
    return;
  }
  const wrong = goJsonObjectError(Buffer.from(value, "base64").toString("utf8"));
  if (wrong !== undefined) errors.push(invalidField(dataPath.key(key), "<secret contents redacted>", wrong));
}

export function validateSecretUpdate(secret: Secret, old: Secret): FieldError[] {
  const errors: FieldError[] = [];
  validateImmutable(secret.type ?? "", old.type ?? "", new FieldPath("type"), errors);
  if (old.immutable === true) {
    const detail = "field is immutable when `immutable` is set";
    if (secret.immutable !== true) errors.push(forbiddenField(new FieldPath("immutable"), detail));
    if (!semanticEqual(secret.data ?? {}, old.data ?? {})) errors.push(forbiddenField(dataPath, detail));
  }
  errors.push(...validateObjectMeta(secret.metadata, true, nameIsDnsSubdomain), ...validateSecret(secret));
  return errors;
}
