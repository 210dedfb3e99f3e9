/** Fields that an apply wants to change and somebody else owns. */
import { ApiError } from "../../core/api-error.ts";
import { FieldSet } from "./field-set.ts";
import type { ManagedSet } from "./managed-fields.ts";
import { type PathElement, printPath } from "./path-element.ts";

export interface Conflict {
  readonly id: string;
  readonly owner: ManagedSet;
  readonly path: readonly PathElement[];
}

/** Thrown inside the engine; {@link conflictError} is what clients get. */
export class Conflicts extends Error {
  readonly conflicts: readonly Conflict[];

  constructor(conflicts: readonly Conflict[]) {
    super("conflicts");
    this.conflicts = conflicts;
  }

  toSet(): FieldSet {
    return FieldSet.fromPaths(this.conflicts.map((c) => c.path));
  }
}

/** 409 with a cause `FieldManagerConflict` for each field. */
export function conflictError(conflicts: readonly Conflict[]): ApiError {
  const causes = conflicts.map(({ owner, path }) => ({
    reason: "FieldManagerConflict",
    message: `conflict with ${printOwner(owner)}`,
    field: printPath(path),
  }));
  return new ApiError(409, "Conflict", message(conflicts), { causes });
}

function message(conflicts: readonly Conflict[]): string {
  const [first] = conflicts;
  if (first !== undefined && conflicts.length === 1) {
    return `Apply failed with 1 conflict: conflict with ${printOwner(first.owner)}: ${printPath(first.path)}`;
  }
  const byOwner = new Map<string, Conflict[]>();
  for (const conflict of conflicts) byOwner.set(conflict.id, [...(byOwner.get(conflict.id) ?? []), conflict]);
  const lines: string[] = [];
  for (const id of [...byOwner.keys()].sort()) {
    const own = byOwner.get(id) as Conflict[];
    lines.push(`conflicts with ${printOwner((own[0] as Conflict).owner)}:`, ...own.map((c) => `- ${printPath(c.path)}`));
  }
  return `Apply failed with ${conflicts.length} conflicts: ${lines.join("\n")}`;
}

function printOwner({ manager, subresource, operation, apiVersion }: ManagedSet): string {
  const name = `${JSON.stringify(manager)}${subresource === "" ? "" : ` with subresource ${JSON.stringify(subresource)}`}`;
  return operation === "Update" ? `${name} using ${apiVersion}` : name;
}
