/** The rules of a whole schema, compiled, at the nodes where they apply. */
import { type DeclaredType, declareType, escapeFieldName, ValueSchema } from "../../../lang/cel/index.ts";
import type { JSONSchemaProps } from "../../types/apiextensions-v1.ts";
import { type CompiledRule, compileRules } from "./compile-rule.ts";

export interface RuleNode {
  /** As the schema gives it; empty where it gives none. */
  readonly type: string;
  readonly mapType: string | undefined;
  readonly listMapKeys: readonly string[] | undefined;
  /** How values are read in rules. */
  readonly schema: ValueSchema;
  readonly rules: readonly CompiledRule[];
  /** Rules are there, but values of this schema have no type in expressions. */
  readonly untyped: boolean;
  readonly items: RuleNode | undefined;
  readonly properties: ReadonlyMap<string, RuleNode>;
  readonly additional: RuleNode | undefined;
}

/** Whether there are rules anywhere. */
export function hasRules(source: JSONSchemaProps | undefined): boolean {
  if (source === undefined) return false;
  if ((source["x-kubernetes-validations"] ?? []).length > 0) return true;
  return hasRules(itemsOf(source)) || hasRules(additionalOf(source)) || Object.values(source.properties ?? {}).some(hasRules);
}

/** Undefined where the schema has no rules. `resource` is true of the schema of a whole resource. */
export function buildRules(source: JSONSchemaProps, resource: boolean): RuleNode | undefined {
  if (!hasRules(source)) return undefined;
  const schema = new ValueSchema(source, resource);
  return build(source, schema, declareType(schema, "selfType"));
}

function build(node: JSONSchemaProps, schema: ValueSchema, declared: DeclaredType | undefined): RuleNode | undefined {
  const sources = node["x-kubernetes-validations"] ?? [];
  const items = below(itemsOf(node), schema.items, declared?.element);
  const additional = below(additionalOf(node), schema.additional, declared?.element);
  const properties = buildProperties(node, schema, declared);
  if (sources.length === 0 && !items && !additional && properties.size === 0) return undefined;
  return {
    type: node.type ?? "",
    mapType: node["x-kubernetes-map-type"],
    listMapKeys: node["x-kubernetes-list-type"] === "map" ? node["x-kubernetes-list-map-keys"] : undefined,
    schema,
    rules: declared === undefined ? [] : compileRules(sources, node, declared),
    untyped: declared === undefined && sources.length > 0,
    items,
    properties,
    additional,
  };
}

function below(
  node: JSONSchemaProps | undefined,
  schema: ValueSchema | undefined,
  declared: DeclaredType | undefined,
): RuleNode | undefined {
  return node && schema ? build(node, schema, declared) : undefined;
}

function buildProperties(node: JSONSchemaProps, schema: ValueSchema, declared: DeclaredType | undefined): Map<string, RuleNode> {
  const found = new Map<string, RuleNode>();
  for (const [name, part] of Object.entries(node.properties ?? {})) {
    if (!hasRules(part)) continue;
    const value = schema.field(name) ?? new ValueSchema(part);
    const escaped = escapeFieldName(name);
    // A field whose name cannot be written still has a type of its own.
    const type = escaped === undefined ? declareType(value, "selfType") : declared?.fields?.get(escaped);
    const built = type && build(part, value, type);
    if (built) found.set(name, built);
  }
  return found;
}

function itemsOf(source: JSONSchemaProps): JSONSchemaProps | undefined {
  return source.items && !Array.isArray(source.items) ? source.items : undefined;
}

function additionalOf({ additionalProperties }: JSONSchemaProps): JSONSchemaProps | undefined {
  return typeof additionalProperties === "object" && additionalProperties !== null ? additionalProperties : undefined;
}
