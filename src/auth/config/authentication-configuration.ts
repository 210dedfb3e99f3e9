/** `AuthenticationConfiguration` of apiserver.config.k8s.io: who issues tokens that are believed, and where nobody need show one. */
import { ConfigError, type ConfigKind, type ConfigShape, readConfigDocument } from "./config-document.ts";

export interface AuthenticationConfiguration {
  readonly jwt: readonly JwtAuthenticator[];
  readonly anonymous?: AnonymousConfig | undefined;
}

export interface AnonymousConfig {
  readonly enabled: boolean;
  /** Where anonymous requests are let in; everywhere when empty. */
  readonly conditions: readonly { readonly path: string }[];
}

export interface JwtAuthenticator {
  readonly issuer: JwtIssuer;
  readonly claimValidationRules: readonly ClaimValidationRule[];
  readonly claimMappings: ClaimMappings;
  readonly userValidationRules: readonly { readonly expression: string; readonly message: string }[];
}

export interface JwtIssuer {
  readonly url: string;
  /** Empty: below `url`. */
  readonly discoveryURL: string;
  /** PEM; empty: the system's. */
  readonly certificateAuthority: string;
  readonly audiences: readonly string[];
  readonly audienceMatchPolicy: string;
  readonly egressSelectorType: string;
}

export interface ClaimValidationRule {
  readonly claim: string;
  readonly requiredValue: string;
  readonly expression: string;
  readonly message: string;
}

export interface PrefixedClaimOrExpression {
  readonly claim: string;
  readonly prefix?: string | undefined;
  readonly expression: string;
}

export interface ClaimMappings {
  readonly username: PrefixedClaimOrExpression;
  readonly groups: PrefixedClaimOrExpression;
  readonly uid: { readonly claim: string; readonly expression: string };
  readonly extra: readonly { readonly key: string; readonly valueExpression: string }[];
}

const prefixed: ConfigShape = { name: "PrefixedClaimOrExpression", fields: { claim: "string", prefix: "string", expression: "string" } };

const document: ConfigKind = {
  kind: "AuthenticationConfiguration",
  versions: ["apiserver.config.k8s.io/v1", "apiserver.config.k8s.io/v1beta1", "apiserver.config.k8s.io/v1alpha1"],
  shape: {
    name: "AuthenticationConfiguration",
    fields: {
      jwt: {
        list: {
          name: "JWTAuthenticator",
          fields: {
            issuer: {
              name: "Issuer",
              fields: {
                url: "string",
                discoveryURL: "string",
                certificateAuthority: "string",
                audiences: { list: "string" },
                audienceMatchPolicy: "string",
                egressSelectorType: "string",
              },
            },
            claimValidationRules: {
              list: {
                name: "ClaimValidationRule",
                fields: { claim: "string", requiredValue: "string", expression: "string", message: "string" },
              },
            },
            claimMappings: {
              name: "ClaimMappings",
              fields: {
                username: prefixed,
                groups: prefixed,
                uid: { name: "ClaimOrExpression", fields: { claim: "string", expression: "string" } },
                extra: { list: { name: "ExtraMapping", fields: { key: "string", valueExpression: "string" } } },
              },
            },
            userValidationRules: { list: { name: "UserValidationRule", fields: { expression: "string", message: "string" } } },
          },
        },
      },
      anonymous: {
        name: "AnonymousAuthConfig",
        fields: { enabled: "bool", conditions: { list: { name: "AnonymousAuthCondition", fields: { path: "string" } } } },
      },
    },
  },
};

/** Reads and completes the file. Throws {@link ConfigError}; what it means is looked at by `validateAuthentication`. */
export function parseAuthenticationConfiguration(text: string): AuthenticationConfiguration {
  if (text === "") throw new ConfigError("empty config data");
  // The shape has been walked: what is there has the type that is written below.
  const given = readConfigDocument(text, document) as Partial<AuthenticationConfiguration>;
  return {
    jwt: (given.jwt ?? []).map(completeJwt),
    ...(given.anonymous === undefined || given.anonymous === null
      ? {}
      : {
          anonymous: {
            enabled: given.anonymous.enabled ?? false,
            conditions: (given.anonymous.conditions ?? []).map((c) => ({ path: c.path ?? "" })),
          },
        }),
  };
}

type Loose<T> = { readonly [K in keyof T]?: T[K] | null | undefined };

function completeJwt(given: JwtAuthenticator): JwtAuthenticator {
  const { issuer, claimValidationRules, claimMappings, userValidationRules } = (given ?? {}) as Loose<JwtAuthenticator>;
  const of: Loose<JwtIssuer> = issuer ?? {};
  const mappings: Loose<ClaimMappings> = claimMappings ?? {};
  return {
    issuer: {
      url: of.url ?? "",
      discoveryURL: of.discoveryURL ?? "",
      certificateAuthority: of.certificateAuthority ?? "",
      audiences: of.audiences ?? [],
      audienceMatchPolicy: of.audienceMatchPolicy ?? "",
      egressSelectorType: of.egressSelectorType ?? "",
    },
    claimValidationRules: (claimValidationRules ?? []).map((rule: Loose<ClaimValidationRule>) => ({
      claim: rule.claim ?? "",
      requiredValue: rule.requiredValue ?? "",
      expression: rule.expression ?? "",
      message: rule.message ?? "",
    })),
    claimMappings: {
      username: completeMapping(mappings.username),
      groups: completeMapping(mappings.groups),
      uid: { claim: mappings.uid?.claim ?? "", expression: mappings.uid?.expression ?? "" },
      extra: (mappings.extra ?? []).map((e: { key?: string; valueExpression?: string }) => ({
        key: e.key ?? "",
        valueExpression: e.valueExpression ?? "",
      })),
    },
    userValidationRules: (userValidationRules ?? []).map((rule: { expression?: string; message?: string }) => ({
      expression: rule.expression ?? "",
      message: rule.message ?? "",
    })),
  };
}

function completeMapping(given: Loose<PrefixedClaimOrExpression> | null | undefined): PrefixedClaimOrExpression {
  const { claim, prefix, expression } = given ?? {};
  return { claim: claim ?? "", expression: expression ?? "", ...(prefix === undefined || prefix === null ? {} : { prefix }) };
}
