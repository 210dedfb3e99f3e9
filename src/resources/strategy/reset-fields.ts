/** What the hooks of each built-in kind set back to what it was: nobody can own that (upstream's `GetResetFields`). */
import { excludeFields, type FieldFilter } from "../../schema/apply/filter.ts";

const status = excludeFields(["status"]);
const spec = excludeFields(["spec"]);
const specAndMetadata = excludeFields(["spec"], ["metadata"]);

type Filters = Readonly<Record<string, FieldFilter>>;

/** Writes of the object do not touch its status, nor those of the status its spec. */
const usual: Filters = { "": status, status: spec };
/** A status write leaves metadata alone, too. */
const strict: Filters = { "": status, status: specAndMetadata };

/** By `group/resource`, then by subresource; empty for the object itself. */
const rows: Readonly<Record<string, Filters>> = {
  "/namespaces": { ...usual, finalize: status },
  "/nodes": usual,
  "/persistentvolumeclaims": usual,
  "/persistentvolumes": usual,
  "/pods": {
    "": status,
    status: excludeFields(["spec"], ["metadata", "deletionTimestamp"], ["metadata", "ownerReferences"]),
  },
  "/replicationcontrollers": usual,
  "/resourcequotas": usual,
  "/services": usual,
  "admissionregistration.k8s.io/validatingadmissionpolicies": strict,
  "apiextensions.k8s.io/customresourcedefinitions": usual,
  "apiregistration.k8s.io/apiservices": strict,
  "apps/daemonsets": usual,
  "apps/deployments": { "": status, status: excludeFields(["spec"], ["metadata", "labels"]) },
  "apps/replicasets": usual,
  "apps/statefulsets": usual,
  "autoscaling/horizontalpodautoscalers": usual,
  "batch/cronjobs": usual,
  "batch/jobs": usual,
  "certificates.k8s.io/certificatesigningrequests": {
    "": excludeFields(["spec"], ["status"]),
    status: excludeFields(["spec"], ["status", "conditions"]),
    approval: excludeFields(["spec"], ["status", "certificate"]),
  },
  "certificates.k8s.io/podcertificaterequests": { status: spec },
  "flowcontrol.apiserver.k8s.io/flowschemas": strict,
  "flowcontrol.apiserver.k8s.io/prioritylevelconfigurations": strict,
  "internal.apiserver.k8s.io/storageversions": strict,
  "networking.k8s.io/ingresses": usual,
  "networking.k8s.io/servicecidrs": strict,
  "policy/poddisruptionbudgets": usual,
  "resource.k8s.io/devicetaintrules": strict,
  "resource.k8s.io/resourceclaims": strict,
  "resource.k8s.io/resourcepoolstatusrequests": strict,
  "scheduling.k8s.io/podgroups": { status: specAndMetadata },
  "storage.k8s.io/volumeattachments": strict,
  "storagemigration.k8s.io/storageversionmigrations": strict,
};

/** For a strategy: the filter of a subresource (empty: the object itself) at each of these versions. Empty where everything can be owned. */
export function resetFieldsOf(
  group: string,
  resource: string,
  subresource: string,
  versions: readonly string[],
): { resetFields?: () => Filters } {
  const filter = rows[`${group}/${resource}`]?.[subresource.toLowerCase()];
  if (filter === undefined) return {};
  const filters = Object.fromEntries(versions.map((version) => [group === "" ? version : `${group}/${version}`, filter]));
  return { resetFields: () => filters };
}
