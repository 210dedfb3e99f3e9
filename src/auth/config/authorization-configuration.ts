/** `AuthorizationConfiguration` of apiserver.config.k8s.io: which authorizers are asked, in which order. */
import { parseGoDuration } from "../../core/go-duration.ts";
import { type ConfigKind, readConfigDocument } from "./config-document.ts";

export interface AuthorizationConfiguration {
  readonly authorizers: readonly AuthorizerConfiguration[];
}

export interface AuthorizerConfiguration {
  /** `Node`, `RBAC`, `Webhook`, … */
  readonly type: string;
  readonly name: string;
  readonly webhook?: AuthorizationWebhookConfiguration | undefined;
}

/** Durations in ms. */
export interface AuthorizationWebhookConfiguration {
  readonly authorizedTTL: number;
  readonly cacheAuthorizedRequests: boolean;
  readonly unauthorizedTTL: number;
  readonly cacheUnauthorizedRequests: boolean;
  readonly timeout: number;
  readonly subjectAccessReviewVersion: string;
  readonly matchConditionSubjectAccessReviewVersion: string;
  readonly failurePolicy: string;
  readonly connectionInfo: { readonly type: string; readonly kubeConfigFile?: string | undefined };
  readonly matchConditions: readonly { readonly expression: string }[];
}

const document: ConfigKind = {
  kind: "AuthorizationConfiguration",
  versions: ["apiserver.config.k8s.io/v1", "apiserver.config.k8s.io/v1beta1", "apiserver.config.k8s.io/v1alpha1"],
  shape: {
    name: "AuthorizationConfiguration",
    fields: {
      authorizers: {
        list: {
          name: "AuthorizerConfiguration",
          fields: {
            type: "string",
            name: "string",
            webhook: {
              name: "WebhookConfiguration",
              fields: {
                authorizedTTL: "duration",
                cacheAuthorizedRequests: "bool",
                unauthorizedTTL: "duration",
                cacheUnauthorizedRequests: "bool",
                timeout: "duration",
                subjectAccessReviewVersion: "string",
                matchConditionSubjectAccessReviewVersion: "string",
                failurePolicy: "string",
                connectionInfo: { name: "WebhookConnectionInfo", fields: { type: "string", kubeConfigFile: "string" } },
                matchConditions: { list: { name: "WebhookMatchCondition", fields: { expression: "string" } } },
              },
            },
          },
        },
      },
    },
  },
};

const fiveMinutes = 300_000;
const thirtySeconds = 30_000;

type Loose<T> = { readonly [K in keyof T]?: T[K] | null | undefined };

/** Reads the file and sets defaults. Throws ConfigError; what it means is looked at by `validateAuthorization`. */
export function parseAuthorizationConfiguration(text: string): AuthorizationConfiguration {
  if (text === "") return { authorizers: [] };
  const { authorizers } = readConfigDocument(text, document) as Loose<AuthorizationConfiguration>;
  return {
    authorizers: (authorizers ?? []).map((given) => {
      const { type, name, webhook } = (given ?? {}) as Loose<AuthorizerConfiguration>;
      return {
        type: type ?? "",
        name: name ?? "",
        ...(webhook === undefined || webhook === null ? {} : { webhook: completeWebhook(webhook) }),
      };
    }),
  };
}

function completeWebhook(given: AuthorizationWebhookConfiguration): AuthorizationWebhookConfiguration {
  const w: Loose<AuthorizationWebhookConfiguration> = given;
  // As read from the file durations are still text.
  const ms = (value: unknown): number => (typeof value === "string" ? (parseGoDuration(value) ?? 0) : 0);
  const { type, kubeConfigFile } = (w.connectionInfo ?? {}) as Loose<AuthorizationWebhookConfiguration["connectionInfo"]>;
  return {
    authorizedTTL: ms(w.authorizedTTL) === 0 ? fiveMinutes : ms(w.authorizedTTL),
    cacheAuthorizedRequests: w.cacheAuthorizedRequests ?? true,
    unauthorizedTTL: ms(w.unauthorizedTTL) === 0 ? thirtySeconds : ms(w.unauthorizedTTL),
    cacheUnauthorizedRequests: w.cacheUnauthorizedRequests ?? true,
    timeout: ms(w.timeout),
    subjectAccessReviewVersion: w.subjectAccessReviewVersion ?? "",
    matchConditionSubjectAccessReviewVersion: w.matchConditionSubjectAccessReviewVersion ?? "",
    failurePolicy: w.failurePolicy ?? "",
    connectionInfo: { type: type ?? "", ...(kubeConfigFile === undefined || kubeConfigFile === null ? {} : { kubeConfigFile }) },
    matchConditions: (w.matchConditions ?? []).map((c: { expression?: string }) => ({ expression: c.expression ?? "" })),
  };
}
