/** Which objects of a resource a list or watch is about. */
import { badRequest } from "../../core/api-error.ts";
import { type FieldSelector, parseFieldSelector } from "../../schema/field-selector.ts";
import { type LabelSelectorMatcher, parseLabelSelector } from "../../schema/label-selector.ts";
import type { FieldSelectors } from "../resource.ts";
import type { Entry } from "./entry.ts";
import type { IndexTerm } from "./index-term.ts";

export class Selection {
  /** Empty: all namespaces, or a cluster-scoped resource. */
  readonly namespace: string;
  readonly labels: LabelSelectorMatcher | undefined;
  readonly fields: FieldSelector | undefined;
  /** Every object of the namespace is meant. */
  readonly everything: boolean;
  /** Equal for equal selections. */
  readonly key: string;
  readonly #prefix: string;
  readonly #strategy: FieldSelectors;

  constructor(namespace: string, labels: LabelSelectorMatcher | undefined, fields: FieldSelector | undefined, strategy: FieldSelectors) {
    this.namespace = namespace;
    this.#prefix = namespace === "" ? "" : `${namespace}/`;
    this.labels = labels;
    this.fields = fields;
    this.everything = labels === undefined && fields === undefined;
    this.key = `${namespace}\u0000${labels?.toString() ?? ""}\u0000${fields?.toString() ?? ""}`;
    this.#strategy = strategy;
  }

  /** Prefix of the cache's keys that can match. */
  get prefix(): string {
    return this.#prefix;
  }

  matches(entry: Entry): boolean {
    if (this.#prefix !== "" && !entry.key.startsWith(this.#prefix)) return false;
    if (this.everything) return true;
    if (this.labels !== undefined && !this.labels.matches(entry.labels() ?? {})) return false;
    return this.fields === undefined || this.fields.matches(entry.fields(this.#strategy));
  }

  /**
   * A field that must have one value: what watches are filed under. The rarest comes first: a field of the kind (the node
   * of a pod), then the name, then the namespace.
   */
  get exact(): { readonly field: string; readonly value: string } | undefined {
    const required = this.fields?.requirements.filter(({ op }) => op === "=") ?? [];
    const best = required.find(({ field }) => !field.startsWith("metadata.")) ?? required.find(({ field }) => field === "metadata.name");
    if (best !== undefined) return best;
    return this.namespace === "" ? undefined : { field: "metadata.namespace", value: this.namespace };
  }

  valueOf(entry: Entry, field: string): string {
    return field === "metadata.namespace" ? entry.namespace : (entry.fields(this.#strategy)[field] ?? "");
  }

  /** How many requirements there are. */
  get size(): number {
    return (this.fields?.requirements.length ?? 0) + (this.labels?.requirements.length ?? 0);
  }

  /** The requirements that an index can answer, the most selective kind first: fields, then labels. */
  get terms(): readonly IndexTerm[] {
    const source = this.#strategy;
    const fields = (this.fields?.requirements ?? [])
      .filter(({ field, op }) => op === "=" && !field.startsWith("metadata."))
      .map(({ field, value }): IndexTerm => ({ kind: "field", name: field, values: [value], source }));
    const labels = (this.labels?.requirements ?? [])
      .filter(({ operator }) => operator === "=" || operator === "==" || operator === "in")
      .map(({ key, values }): IndexTerm => ({ kind: "label", name: key, values: [...new Set(values)], source }));
    return [...fields, ...labels];
  }

  /** The one name that can match; undefined when there may be several. */
  get singleName(): string | undefined {
    if (this.fields === undefined) return undefined;
    for (const { field, op, value } of this.fields.requirements) if (field === "metadata.name" && op === "=") return value;
    return undefined;
  }
}

/** Reads the two selectors of a request. `name` is that of the path, for `watch/…/NAME`. Throws 400s as upstream words them. */
export function parseSelection(namespace: string, query: URLSearchParams, strategy: FieldSelectors, name = ""): Selection {
  const labelText = query.get("labelSelector") ?? "";
  let fieldText = query.get("fieldSelector") ?? "";
  if (name !== "" && fieldText === "") fieldText = `metadata.name=${name}`;
  if (labelText === "" && fieldText === "") return new Selection(namespace, undefined, undefined, strategy);
  const labels = labelText === "" ? undefined : parseLabelSelector(labelText);
  const fields = fieldText === "" ? undefined : parseFieldSelector(fieldText);
  for (const { field } of fields?.requirements ?? []) {
    if (field === "metadata.name" || field === "metadata.namespace" || strategy.selectableFieldNames?.includes(field)) continue;
    throw badRequest(
      strategy.selectableFieldNames === undefined
        ? `${JSON.stringify(field)} is not a known field selector: only "metadata.name", "metadata.namespace"`
        : `field label not supported: ${field}`,
    );
  }
  return new Selection(
    namespace,
    labels === undefined || labels.empty ? undefined : labels,
    fields === undefined || fields.requirements.length === 0 ? undefined : fields,
    strategy,
  );
}
