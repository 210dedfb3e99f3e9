/**
 * Definitions as upstream keeps them: at `apiextensions.k8s.io/v1beta1`, which is not served any more. What all versions have in common
 * stood beside them there.
 */
import type { UnstructuredObject } from "../schema/object.ts";

type Fields = Record<string, unknown>;

/** The definition at v1, made of the given one. Anything but a v1beta1 definition comes back as it is. */
export function upgradeDefinition(object: UnstructuredObject): UnstructuredObject {
  if (object.apiVersion !== "apiextensions.k8s.io/v1beta1") return object;
  const { validation, subresources, additionalPrinterColumns, selectableFields, version, versions, conversion, ...rest } = (object[
    "spec"
  ] ?? {}) as Fields;
  const shared = { validation, subresources, additionalPrinterColumns, selectableFields };
  const each = (versions as Fields[] | undefined) ?? [{ name: version, served: true, storage: true }];
  const { preserveUnknownFields, ...spec } = rest;
  return {
    ...object,
    apiVersion: "apiextensions.k8s.io/v1",
    spec: {
      ...spec,
      versions: each.map((one) => upgradeVersion(one, shared)),
      ...(conversion === undefined ? {} : { conversion: upgradeConversion(conversion as Fields) }),
      ...(preserveUnknownFields === true ? { preserveUnknownFields } : {}),
    },
  };
}

function upgradeVersion(one: Fields, shared: Fields): Fields {
  const { schema, subresources, additionalPrinterColumns, ...rest } = one;
  const columns = (additionalPrinterColumns ?? shared["additionalPrinterColumns"]) as Fields[] | undefined;
  const present = {
    schema: schema ?? shared["validation"],
    subresources: subresources ?? shared["subresources"],
    additionalPrinterColumns: columns?.map(({ JSONPath, ...column }) => ({
      ...column,
      ...(JSONPath === undefined ? {} : { jsonPath: JSONPath }),
    })),
    selectableFields: rest["selectableFields"] ?? shared["selectableFields"],
  };
  return { ...rest, ...Object.fromEntries(Object.entries(present).filter(([, value]) => value !== undefined && value !== null)) };
}

function upgradeConversion({ webhookClientConfig, conversionReviewVersions, ...rest }: Fields): Fields {
  if (rest["strategy"] !== "Webhook") return rest;
  return {
    ...rest,
    webhook: {
      ...(webhookClientConfig === undefined ? {} : { clientConfig: webhookClientConfig }),
      conversionReviewVersions: conversionReviewVersions ?? ["v1beta1"],
    },
  };
}
