/** At most ten managers by update; the oldest of a version become one, `ancient-changes`. */
import { compareText } from "./path-element.ts";
import { type Managed, managedSeconds, managerId, type ManagedSet } from "./managed-fields.ts";

const most = 10;

export function capUpdateManagers(managed: Managed): Managed {
  if (managed.size <= most) return managed;
  const updaters = [...managed].filter(([, value]) => !value.applied);
  if (updaters.length <= most) return managed;
  updaters.sort(([a, x], [b, y]) => managedSeconds(x) - managedSeconds(y) || compareText(a, b));
  const result = new Map(managed);
  const firsts = new Map<string, string>();
  let count = updaters.length;
  for (const [id, value] of updaters) {
    if (count <= most) break;
    const { apiVersion } = value;
    const first = firsts.get(apiVersion);
    if (first === undefined) {
      firsts.set(apiVersion, id);
      continue;
    }
    const ancient = { manager: "ancient-changes", operation: "Update", apiVersion, subresource: "" };
    const bucket = managerId(ancient);
    let collected = result.get(bucket);
    if (collected === undefined) {
      collected = result.get(first) as ManagedSet;
      result.delete(first);
    }
    // An entry that is the bucket itself stays, as upstream's arithmetic has it.
    if (id !== bucket) result.delete(id);
    result.set(bucket, { ...ancient, applied: false, set: value.set.union(collected.set), time: value.time });
    count--;
  }
  return result;
}
