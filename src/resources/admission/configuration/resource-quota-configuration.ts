/** ResourceQuotaConfiguration: what may not be used at all without a quota that covers it. */
import { aggregate } from "../../../auth/authorizers.ts";
import type { LimitedResource, ScopeSelector } from "../../../kinds/quota/index.ts";
import { describeFieldError, FieldPath, required } from "../../../schema/field-error.ts";
import { ConfigurationError, readDocument, type Shape } from "./document.ts";

const limitedResources: Shape = {
  list: {
    fields: {
      apiGroup: "string",
      resource: "string",
      matchContains: { list: "string" },
      matchScopes: { list: { fields: { scopeName: "string", operator: "string", values: { list: "string" } } } },
    },
  },
};

const types = [
  { versions: ["apiserver.config.k8s.io/v1"], kind: "ResourceQuotaConfiguration", fields: { limitedResources } },
  {
    versions: ["resourcequota.admission.k8s.io/v1beta1", "resourcequota.admission.k8s.io/v1alpha1"],
    kind: "Configuration",
    fields: { limitedResources },
  },
] as const;

interface Row {
  readonly apiGroup?: string | null;
  readonly resource?: string | null;
  readonly matchContains?: readonly string[] | null;
  readonly matchScopes?: readonly ScopeSelector[] | null;
}

/** Absent text: nothing is limited. Throws {@link ConfigurationError} with every fault. */
export function parseResourceQuotaConfiguration(text: string | undefined): LimitedResource[] {
  if (text === undefined) return [];
  const rows = (readDocument(text, types)["limitedResources"] ?? []) as readonly Row[];
  const path = new FieldPath("limitedResources");
  const errors = rows.flatMap((row, i) => (row.resource ? [] : [required(path.index(i).child("resource"))]));
  if (errors.length > 0) throw new ConfigurationError(aggregate(errors.map(describeFieldError)));
  return rows.map((row) => ({
    apiGroup: row.apiGroup ?? "",
    resource: row.resource ?? "",
    matchContains: row.matchContains ?? [],
    matchScopes: row.matchScopes ?? [],
  }));
}
