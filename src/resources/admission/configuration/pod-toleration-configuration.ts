/** Configuration of PodTolerationRestriction: what the cluster gives to pods, and allows them, where a namespace says nothing. */
import { validateTolerations } from "../../../kinds/pod/validation-scheduling.ts";
import { describeFieldError, type FieldError, FieldPath } from "../../../schema/field-error.ts";
import type { Toleration } from "../../../schema/types/core-v1.ts";
import { ConfigurationError, readDocument, type Shape } from "./document.ts";

export interface PodTolerationConfiguration {
  readonly default: readonly Toleration[];
  readonly whitelist: readonly Toleration[];
}

const tolerations: Shape = {
  list: { fields: { key: "string", operator: "string", value: "string", effect: "string", tolerationSeconds: "integer" } },
};
const type = {
  versions: ["podtolerationrestriction.admission.k8s.io/v1alpha1"],
  kind: "Configuration",
  fields: { default: tolerations, whitelist: tolerations },
  lenient: true,
} as const;

/** Throws {@link ConfigurationError} with every fault. */
export function parsePodTolerationConfiguration(text: string | undefined): PodTolerationConfiguration {
  const document = text === undefined ? {} : readDocument(text, [type]);
  const path = new FieldPath("podtolerationrestriction");
  const errors: FieldError[] = [];
  const read = (name: "default" | "whitelist"): Toleration[] => {
    const list = (document[name] ?? []) as Toleration[];
    validateTolerations(list, { allowComparingTolerations: false }, path.child(name), errors);
    return list;
  };
  const configuration = { default: read("default"), whitelist: read("whitelist") };
  if (errors.length > 0) throw new ConfigurationError(`invalid config: [${errors.map(describeFieldError).join(" ")}]`);
  return configuration;
}
