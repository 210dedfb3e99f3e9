import type { DeviceClass } from "../../schema/types/resource-v1.ts";

/** `deviceclass.resource.kubernetes.io/NAME`: every class can be asked for under this extended resource (KEP-5004). */
export const deviceClassResourcePrefix = "deviceclass.resource.kubernetes.io/";

/**
 * Which device class stands for an extended resource, and the other way round. Of several classes with one resource the newest counts,
 * and of those of one second the first by name.
 */
export function extendedResourceClasses(classes: readonly DeviceClass[]): {
  readonly classOf: ReadonlyMap<string, DeviceClass>;
  readonly resourceOf: ReadonlyMap<string, string>;
} {
  const classOf = new Map<string, DeviceClass>();
  const resourceOf = new Map<string, string>();
  for (const deviceClass of classes) {
    const name = deviceClass.metadata?.name ?? "";
    classOf.set(deviceClassResourcePrefix + name, deviceClass);
    const resource = deviceClass.spec?.extendedResourceName;
    if (!resource) continue;
    resourceOf.set(name, resource);
    const other = classOf.get(resource);
    if (other === undefined || isPreferred(deviceClass, other)) classOf.set(resource, deviceClass);
  }
  return { classOf, resourceOf };
}

function isPreferred(a: DeviceClass, b: DeviceClass): boolean {
  const born = (c: DeviceClass): number => Date.parse(c.metadata?.creationTimestamp ?? "") || 0;
  return born(a) !== born(b) ? born(a) > born(b) : (a.metadata?.name ?? "") < (b.metadata?.name ?? "");
}
