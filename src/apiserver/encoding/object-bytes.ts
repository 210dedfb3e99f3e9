/** Encodes an object that is in no cache: Status, Table, options, what handlers answer. */
import { encodeGoJson } from "../../lang/json-text.ts";
import { encodeProtobuf } from "../../schema/codec.ts";
import { typeNameOf } from "../../schema/scheme.ts";
import type { KubeObject } from "../../schema/object.ts";
import type { Format, Negotiated } from "./negotiation.ts";

export function splitApiVersion(apiVersion: string): { group: string; version: string } {
  const at = apiVersion.indexOf("/");
  return at < 0 ? { group: "", version: apiVersion } : { group: apiVersion.slice(0, at), version: apiVersion.slice(at + 1) };
}

/** The type behind an object's kind and apiVersion; undefined when the table has none. */
export function typeNameOfObject(object: KubeObject): string | undefined {
  return typeNameOf({ ...splitApiVersion(object.apiVersion ?? ""), kind: object.kind ?? "" });
}

/** Whether {@link encodeObject} can give protobuf. */
export function hasProtobuf(object: KubeObject): boolean {
  return typeNameOfObject(object) !== undefined;
}

/** What people read begins with what it is. */
function headFirst(object: KubeObject): KubeObject {
  const { kind, apiVersion, metadata, ...rest } = object;
  const head = { ...(kind === undefined ? {} : { kind }), ...(apiVersion === undefined ? {} : { apiVersion }) };
  return { ...head, ...(metadata === undefined ? {} : { metadata }), ...rest };
}

export async function encodeObject(
  object: KubeObject,
  negotiated: Pick<Negotiated, "format" | "pretty">,
): Promise<{ bytes: Buffer; format: Format }> {
  if (negotiated.format === "protobuf") {
    const typeName = typeNameOfObject(object);
    if (typeName !== undefined) {
      const gvk = { ...splitApiVersion(object.apiVersion ?? ""), kind: object.kind ?? "" };
      return { bytes: Buffer.from(encodeProtobuf(typeName, gvk, object)), format: "protobuf" };
    }
  } else if (negotiated.format === "yaml") {
    const { stringifyYaml } = await import("../../lang/yaml.ts");
    return { bytes: Buffer.from(stringifyYaml(object)), format: "yaml" };
  }
  // Only the compact form ends with a line break, as Go's encoder writes it.
  const text = negotiated.pretty ? encodeGoJson(headFirst(object), 2) : `${encodeGoJson(object)}\n`;
  return { bytes: Buffer.from(text), format: "json" };
}
