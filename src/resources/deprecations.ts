/** Served versions that upstream calls deprecated, with the warning each answer carries. */
const warnings: Readonly<Record<string, string>> = {
  "/v1/componentstatuses": "v1 ComponentStatus is deprecated in v1.19+",
  "/v1/endpoints": "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice",
};

export function deprecationOf(group: string, version: string, resource: string): { warning: string } | undefined {
  const warning = warnings[`${group}/${version}/${resource}`];
  return warning === undefined ? undefined : { warning };
}
