/** Devices: when a taint was added, and who may use devices that others use too. */
import { formatTime } from "../core/clock.ts";
import { FieldPath, forbiddenField, internalFieldError, invalid } from "../schema/field-error.ts";
import type { DeviceRequest, ResourceClaim, ResourceClaimTemplate, ResourceSlice } from "../schema/types/resource-v1.ts";
import type { ResourceDeps } from "./deps.ts";
import type { Special } from "./special.ts";

const adminLabel = "resource.kubernetes.io/admin-access";

/** Claims and their templates: requests for admin access are for namespaces that are labelled so. */
export function adminAccess(deps: ResourceDeps, kind: "ResourceClaim" | "ResourceClaimTemplate"): Pick<Special, "strategy"> {
  return {
    strategy: (base) => ({
      ...base,
      beginCreate: async (context, object) => {
        const spec =
          kind === "ResourceClaim" ? (object as unknown as ResourceClaim).spec : (object as unknown as ResourceClaimTemplate).spec?.spec;
        await checkAdminAccess(deps, kind, context, spec?.devices?.requests ?? []);
        return base.beginCreate?.(context, object);
      },
    }),
  };
}

async function checkAdminAccess(
  deps: ResourceDeps,
  kind: string,
  context: { readonly name: string; readonly namespace: string },
  requests: readonly DeviceRequest[],
): Promise<void> {
  const asked = requests.findIndex((r) => r.exactly?.adminAccess === true);
  if (asked < 0) return;
  const { name, namespace } = context;
  const path = new FieldPath("spec").child("devices", "requests").index(asked).child("adminAccess");
  const about = { group: "resource.k8s.io", kind };
  const found = await deps.objects("", "namespaces").get("", namespace);
  if (found === undefined) {
    const why = `could not retrieve namespace to verify admin access: namespaces "${namespace}" not found`;
    throw invalid(about, name, [internalFieldError(path, why)]);
  }
  if (found.metadata?.labels?.[adminLabel] === "true") return;
  const why = `admin access to devices requires the \`${adminLabel}: true\` label on the containing namespace`;
  throw invalid(about, name, [forbiddenField(path, why)]);
}

/** Slices: a taint that does not say when it was added was added now. */
export const slicesInTime: Pick<Special, "strategy"> = {
  strategy: (base) => ({
    ...base,
    prepareForCreate: (context, object) => {
      setTimeAdded(object as unknown as ResourceSlice, context.now);
      base.prepareForCreate?.(context, object);
    },
    prepareForUpdate: (context, object, old) => {
      setTimeAdded(object as unknown as ResourceSlice, context.now);
      base.prepareForUpdate?.(context, object, old);
    },
  }),
};

function setTimeAdded(slice: ResourceSlice, now: number): void {
  for (const device of slice.spec?.devices ?? []) {
    for (const taint of device.taints ?? []) taint.timeAdded ??= formatTime(now);
  }
}
