/** What the secret of a service account's token must hold. Pure. */
import type { Secret } from "../../schema/types/core-v1.ts";

/** The type of Secrets that hold a token, and ask for one. */
export const tokenSecretType = "kubernetes.io/service-account-token";
const nameAnnotation = "kubernetes.io/service-account.name";
const uidAnnotation = "kubernetes.io/service-account.uid";

/** The Secret is one for a service account's token, filled in or not. */
export function isTokenSecret(secret: Secret): boolean {
  return secret.type === tokenSecretType;
}

/** Empty when the secret does not say whose it is. */
export function accountName(secret: Secret): string {
  return secret.metadata?.annotations?.[nameAnnotation] ?? "";
}

/** The account that the token was made for; empty when none was yet. */
export function accountUid(secret: Secret): string {
  return secret.metadata?.annotations?.[uidAnnotation] ?? "";
}

const encoded = (text: string): string => Buffer.from(text).toString("base64");

export interface MissingData {
  readonly certificates: boolean;
  readonly namespace: boolean;
  readonly token: boolean;
  readonly any: boolean;
}

/** `rootCertificates`: PEM; empty: none are to be there. */
export function missingData({ data = {} }: Secret, rootCertificates: string): MissingData {
  const certificates = rootCertificates !== "" && data["ca.crt"] !== encoded(rootCertificates);
  const namespace = !data["namespace"];
  const token = !data["token"];
  return { certificates, namespace, token, any: certificates || namespace || token };
}

/** The secret with all of it, for this account. `token` is called when there is none yet. */
export function withData(secret: Secret, account: { name: string; uid: string }, rootCertificates: string, token: () => string): Secret {
  const missing = missingData(secret, rootCertificates);
  return {
    ...secret,
    metadata: {
      ...secret.metadata,
      annotations: { ...secret.metadata?.annotations, [nameAnnotation]: account.name, [uidAnnotation]: account.uid },
    },
    data: {
      ...secret.data,
      ...(missing.certificates ? { "ca.crt": encoded(rootCertificates) } : {}),
      ...(missing.namespace ? { namespace: encoded(secret.metadata?.namespace ?? "") } : {}),
      ...(missing.token ? { token: encoded(token()) } : {}),
    },
  };
}
