/** PodSecurityConfiguration (`pod-security.admission.config.k8s.io`): what holds where labels say nothing, and for whom nothing holds. */
import { nameIsDnsLabel, nameIsDnsSubdomain } from "../../../kinds/formats.ts";
import type { PodSecurityPolicy } from "../../../kinds/pod-security/index.ts";
import { parseLevel, parseVersion } from "../../../kinds/pod-security/index.ts";
import { describeFieldError, duplicate, type FieldError, FieldPath, invalidField } from "../../../schema/field-error.ts";
import { aggregate } from "../../../auth/authorizers.ts";
import { ConfigurationError, readDocument } from "./document.ts";

export interface PodSecurityConfiguration {
  readonly defaults: PodSecurityPolicy;
  readonly usernames: ReadonlySet<string>;
  readonly namespaces: ReadonlySet<string>;
  readonly runtimeClasses: ReadonlySet<string>;
}

const group = "pod-security.admission.config.k8s.io";
const modes = ["enforce", "audit", "warn"] as const;
const type = {
  versions: [`${group}/v1`, `${group}/v1beta1`, `${group}/v1alpha1`],
  kind: "PodSecurityConfiguration",
  fields: {
    defaults: { fields: Object.fromEntries(modes.flatMap((m) => [m, `${m}-version`]).map((name) => [name, "string" as const])) },
    exemptions: { fields: { usernames: { list: "string" }, namespaces: { list: "string" }, runtimeClasses: { list: "string" } } },
  },
} as const;

/** Absent text: nothing is enforced but what labels say. Throws {@link ConfigurationError} with every fault. */
export function parsePodSecurityConfiguration(text: string | undefined): PodSecurityConfiguration {
  const document = text === undefined ? {} : readDocument(text, [type]);
  const given = (document["defaults"] ?? {}) as Record<string, string | undefined>;
  const exemptions = (document["exemptions"] ?? {}) as Record<string, readonly string[] | undefined>;
  const errors: FieldError[] = [];
  const of = (mode: (typeof modes)[number]): PodSecurityPolicy["enforce"] => {
    const level = parseLevel(given[mode] || "privileged");
    const version = parseVersion(given[`${mode}-version`] || "latest");
    const path = new FieldPath("defaults");
    if (typeof level === "string") errors.push(invalidField(path.child(mode), given[mode], level));
    if (typeof version === "string") errors.push(invalidField(path.child(`${mode}-version`), given[`${mode}-version`], version));
    return {
      level: typeof level === "string" ? "restricted" : level.level,
      version: typeof version === "string" ? "latest" : version.version,
    };
  };
  const [enforce, warn, audit] = [of("enforce"), of("warn"), of("audit")];
  const configuration = {
    defaults: { enforce, audit, warn },
    namespaces: exempt("namespaces", exemptions["namespaces"], (name) => nameIsDnsLabel(name, false), errors),
    runtimeClasses: exempt("runtimeClasses", exemptions["runtimeClasses"], (name) => nameIsDnsSubdomain(name, false), errors),
    usernames: exempt("usernames", exemptions["usernames"], (name) => (name === "" ? ["username must not be empty"] : []), errors),
  };
  if (errors.length > 0) throw new ConfigurationError(`PodSecurity invalid: ${aggregate(errors.map(describeFieldError))}`);
  return configuration;
}

function exempt(
  name: string,
  values: readonly string[] | null | undefined,
  faultsOf: (value: string) => string[],
  errors: FieldError[],
): ReadonlySet<string> {
  const found = new Set<string>();
  (values ?? []).forEach((value, i) => {
    const path = new FieldPath("exemptions").child(name).index(i);
    const faults = faultsOf(value);
    if (faults.length > 0) errors.push(invalidField(path, value, faults.join(", ")));
    else if (found.has(value)) errors.push(duplicate(path, value));
    else found.add(value);
  });
  return found;
}
