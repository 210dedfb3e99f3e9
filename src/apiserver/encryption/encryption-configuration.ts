/** `EncryptionConfiguration` (apiserver.config.k8s.io/v1): how which resources are stored. */
import { type ConfigKind, ConfigError, readConfigDocument } from "../../auth/config/config-document.ts";
import { parseGoDuration } from "../../core/go-duration.ts";
import { describeFieldError } from "../../schema/field-error.ts";
import type { EncryptionConfiguration, KmsConfiguration, ProviderConfiguration } from "./encryption-types.ts";
import { validateEncryptionConfiguration } from "./validate-encryption.ts";

/** A configuration that cannot be used. The message is upstream's and names the file. */
export class EncryptionConfigurationError extends Error {
  override readonly name = "EncryptionConfigurationError";
}

/** Where this decoder of upstream's says that it knows no such kind. */
const schemeLine = "scheme.go:111";

const keys = (name: string): ConfigKind["shape"] => ({
  name,
  fields: { keys: { list: { name: "Key", fields: { name: "string", secret: "string" } } } },
});

const document: ConfigKind = {
  kind: "EncryptionConfiguration",
  versions: ["apiserver.config.k8s.io/v1"],
  shape: {
    name: "EncryptionConfiguration",
    fields: {
      resources: {
        list: {
          name: "ResourceConfiguration",
          fields: {
            resources: { list: "string" },
            providers: {
              list: {
                name: "ProviderConfiguration",
                fields: {
                  aesgcm: keys("AESConfiguration"),
                  aescbc: keys("AESConfiguration"),
                  secretbox: keys("SecretboxConfiguration"),
                  identity: { name: "IdentityConfiguration", fields: {} },
                  kms: {
                    name: "KMSConfiguration",
                    fields: { apiVersion: "string", name: "string", cachesize: "int", endpoint: "string", timeout: "duration" },
                  },
                },
              },
            },
          },
        },
      },
    },
  },
};

interface WrittenKms {
  readonly apiVersion?: string | null;
  readonly name?: string | null;
  readonly cachesize?: number | null;
  readonly endpoint?: string | null;
  readonly timeout?: string | null;
}

interface Written {
  readonly resources?: readonly {
    readonly resources?: readonly string[] | null;
    readonly providers?: readonly (Omit<ProviderConfiguration, "kms"> & { readonly kms?: WrittenKms | null })[] | null;
  }[];
}

/**
 * Reads a configuration, YAML or JSON. `reload`: it may be read again later, which asks more of it.
 * @throws EncryptionConfigurationError that tells all faults
 */
export function parseEncryptionConfiguration(text: string, fileName: string, reload: boolean): EncryptionConfiguration {
  const fail = (why: string): EncryptionConfigurationError => new EncryptionConfigurationError(`error while parsing file: ${why}`);
  if (text === "") throw fail(`error while loading file: encryption provider configuration file ${JSON.stringify(fileName)} is empty`);
  let written: Written;
  try {
    written = readConfigDocument(text, document) as Written;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw fail(
      `error decoding encryption provider configuration file ${JSON.stringify(fileName)}: ${error.message.replace("scheme.go:100", schemeLine)}`,
    );
  }
  const configuration = withDefaults(written);
  const errors = [...new Set(validateEncryptionConfiguration(configuration, reload).map(describeFieldError))];
  if (errors.length > 0) throw fail(errors.length === 1 ? (errors[0] as string) : `[${errors.join(", ")}]`);
  return configuration;
}

function withDefaults(written: Written): EncryptionConfiguration {
  return {
    resources: (written.resources ?? []).map(({ resources, providers }) => ({
      resources: resources ?? [],
      providers: (providers ?? []).map(({ kms, ...provider }) => ({
        ...Object.fromEntries(Object.entries(provider).filter(([, value]) => value !== null)),
        ...(kms === undefined || kms === null ? {} : { kms: kmsWithDefaults(kms) }),
      })),
    })),
  };
}

/** What is not said of a version is v1, as it always was. */
function kmsWithDefaults(kms: WrittenKms): KmsConfiguration {
  const apiVersion = kms.apiVersion || "v1";
  const timeoutText = kms.timeout ?? "3s";
  return {
    apiVersion,
    name: kms.name ?? "",
    cachesize: kms.cachesize ?? (apiVersion === "v1" ? 1000 : undefined),
    endpoint: kms.endpoint ?? "",
    timeout: parseGoDuration(timeoutText) ?? 0,
    timeoutText,
  };
}
