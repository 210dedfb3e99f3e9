/** What an EncryptionConfiguration may say (`k8s.io/apiserver/pkg/apis/apiserver/validation/validation_encryption.go`). */
import { type FieldError, FieldPath, invalidField, required } from "../../schema/field-error.ts";
import type { EncryptionConfiguration, EncryptionKey, KmsConfiguration, ProviderConfiguration } from "./encryption-types.ts";

const aesSizes = [16, 24, 32];
const secretboxSizes = [32];

export function validateEncryptionConfiguration(configuration: EncryptionConfiguration, reload: boolean): FieldError[] {
  const root = new FieldPath("resources");
  if (configuration.resources.length === 0) return [required(root, "at least one resources is required")];
  const names = new Set<string>();
  return configuration.resources.flatMap(({ resources, providers }, i) => {
    const r = root.index(i).child("resources");
    const p = root.index(i).child("providers");
    return [
      ...(resources.length === 0 ? [required(r, `at least one ${r.toString()} is required`)] : []),
      ...overlaps(resources, r),
      ...resources.flatMap((resource, j) => resourceName(resource, r.index(j))),
      ...(providers.length === 0 ? [required(p, `at least one ${p.toString()} is required`)] : []),
      ...providers.flatMap((provider, j) => oneProvider(provider, p.index(j), names, reload)),
    ];
  });
}

/** `deployments.apps` */
export function parseGroupResource(text: string): { readonly group: string; readonly resource: string } {
  const at = text.indexOf(".");
  return at < 0 ? { group: "", resource: text } : { group: text.slice(at + 1), resource: text.slice(0, at) };
}

function overlaps(resources: readonly string[], path: FieldPath): FieldError[] {
  const parsed = resources.map(parseGroupResource);
  let twice = false;
  let masked = false;
  for (const [i, a] of parsed.entries()) {
    for (const [j, b] of parsed.entries()) {
      if (i === j) continue;
      if (a.group === b.group && a.resource === b.resource && !twice) {
        twice = true;
        continue;
      }
      masked ||= a.group === "*" && a.resource === "*";
      masked ||= a.group === b.group && (a.resource === "*" || b.resource === "*");
    }
  }
  const mask = "using overlapping resources such as 'secrets' and '*.' in the same resource list is not allowed as they will be masked";
  return [
    ...(twice ? [invalidField(path, resources, "the same resource cannot be specified multiple times")] : []),
    ...(masked ? [invalidField(path, resources, mask)] : []),
  ];
}

const notServed: ReadonlySet<string> = new Set(["apiserveripinfo", "serviceipallocations", "servicenodeportallocations"]);

function resourceName(name: string, path: FieldPath): FieldError[] {
  const { group, resource } = parseGroupResource(name);
  const fault = (): string | undefined => {
    if (name.toLowerCase() !== name) return "resource name should not contain capital letters";
    if (name === "*") return "use '*.' to encrypt all the resources from core API group or *.* to encrypt all resources";
    if (notServed.has(name)) return "resources which do not have REST API/s cannot be encrypted";
    if (group === "events.k8s.io") {
      return "'*.events.k8s.io' objects are stored using the 'events' API group in etcd. Use 'events' instead in the config file";
    }
    if (group === "extensions") return "'extensions' group has been removed and cannot be used for encryption";
    if (group === "*" && resource !== "*") return "encrypting the same resource across groups is not supported";
    return undefined;
  };
  const why = fault();
  return why === undefined ? [] : [invalidField(path, name, why)];
}

function oneProvider(provider: ProviderConfiguration, path: FieldPath, names: Set<string>, reload: boolean): FieldError[] {
  const { kms, aesgcm, aescbc, secretbox, identity } = provider;
  const found = [kms, aesgcm, aescbc, secretbox, identity].filter((p) => p !== undefined).length;
  const errors: FieldError[] = [];
  if (found === 0) {
    const detail = "provider does not contain any of the expected providers: KMS, AESGCM, AESCBC, Secretbox, Identity";
    errors.push(invalidField(path, asGo(provider), detail));
  } else if (found > 1) {
    const detail = "more than one provider specified in a single element, should split into different list elements";
    errors.push(invalidField(path, asGo(provider), detail));
  }
  if (kms !== undefined) {
    errors.push(...kmsFaults(kms, path.child("kms"), names, reload));
    names.add(kms.name);
  } else if (aesgcm !== undefined) errors.push(...keyFaults(aesgcm.keys, path.child("aesgcm", "keys"), aesSizes));
  else if (aescbc !== undefined) errors.push(...keyFaults(aescbc.keys, path.child("aescbc", "keys"), aesSizes));
  else if (secretbox !== undefined) errors.push(...keyFaults(secretbox.keys, path.child("secretbox", "keys"), secretboxSizes));
  return errors;
}

/** The provider as Go's struct, which messages show. Keys are not told: a message ends in logs. */
function asGo({ kms, aesgcm, aescbc, secretbox, identity }: ProviderConfiguration): unknown {
  const keysOf = (keys: ProviderConfiguration["aesgcm"]): unknown =>
    keys === undefined ? null : { Keys: (keys.keys ?? []).map(({ name }) => ({ Name: name ?? "", Secret: "REDACTED" })) };
  return {
    AESGCM: keysOf(aesgcm),
    AESCBC: keysOf(aescbc),
    Secretbox: keysOf(secretbox),
    Identity: identity ?? null,
    KMS:
      kms === undefined
        ? null
        : {
            APIVersion: kms.apiVersion,
            Name: kms.name,
            CacheSize: kms.cachesize ?? null,
            Endpoint: kms.endpoint,
            Timeout: kms.timeoutText,
          },
  };
}

function keyFaults(keys: readonly EncryptionKey[] | null | undefined, path: FieldPath, sizes: readonly number[]): FieldError[] {
  if (keys === undefined || keys === null || keys.length === 0) return [required(path, "at least one keys is required")];
  return keys.flatMap(({ name, secret }, i) => {
    const errors: FieldError[] = [];
    if (!name) errors.push(required(path.index(i).child("name"), "name is a mandatory field for a key"));
    const at = path.index(i).child("secret");
    if (!secret) return [...errors, required(at, "secret is a mandatory field for a key")];
    const bytes = decodeBase64(secret);
    if (bytes === undefined) return [...errors, invalidField(at, "REDACTED", "secrets must be base64 encoded")];
    if (!sizes.includes(bytes.length)) {
      const detail = `secret is not of the expected length, got ${bytes.length}, expected one of [${sizes.join(" ")}]`;
      errors.push(invalidField(at, "REDACTED", detail));
    }
    return errors;
  });
}

/** Standard base64 with padding, as Go reads it: line breaks are passed over. Undefined: it is none. */
export function decodeBase64(text: string): Buffer | undefined {
  const joined = text.replace(/[\r\n]/g, "");
  if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(joined)) return undefined;
  return Buffer.from(joined, "base64");
}

function kmsFaults(kms: KmsConfiguration, path: FieldPath, names: ReadonlySet<string>, reload: boolean): FieldError[] {
  const errors: FieldError[] = [];
  const first = kms.apiVersion === "v1";
  const name = path.child("name");
  if (kms.name === "") errors.push(required(name, "name is a mandatory field for a provider"));
  if (!first && kms.name.includes(":")) {
    errors.push(invalidField(name, kms.name, `invalid KMS provider name ${kms.name}, must not contain ':'`));
  }
  if ((reload || !first) && names.has(kms.name)) {
    errors.push(invalidField(name, kms.name, `duplicate KMS provider name ${kms.name}, names must be unique`));
  }
  if (kms.timeout <= 0) errors.push(invalidField(path.child("timeout"), kms.timeoutText, "timeout should be a positive value"));
  errors.push(...endpointFaults(kms.endpoint, path.child("endpoint")));
  const size = path.child("cachesize");
  if (!first && kms.cachesize !== undefined) errors.push(invalidField(size, kms.cachesize, "cachesize is not supported in v2"));
  if (first && kms.cachesize === 0) {
    errors.push(invalidField(size, kms.cachesize, "cachesize should be a positive value, or negative to disable"));
  }
  if (!first && kms.apiVersion !== "v2") {
    const detail = "unsupported apiVersion apiVersion for KMS provider, only v1 and v2 are supported";
    errors.push(invalidField(path.child("apiVersion"), kms.apiVersion, detail));
  }
  return errors;
}

function endpointFaults(endpoint: string, path: FieldPath): FieldError[] {
  if (endpoint === "") return [invalidField(path, "", "endpoint is a mandatory field for a kms")];
  const scheme = /^([A-Za-z][A-Za-z0-9+.-]*):/.exec(endpoint)?.[1]?.toLowerCase() ?? "";
  if (scheme === "unix") return [];
  return [invalidField(path, endpoint, `unsupported scheme ${JSON.stringify(scheme)} for KMS provider, only unix is supported`)];
}
