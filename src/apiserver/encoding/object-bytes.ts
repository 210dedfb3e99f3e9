/** Encodes an object that is in no cache: Status, Table, options, what handlers answer. */
import { encodeJson, encodeProtobuf } from "../../schema/codec.ts";
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
  const text = negotiated.pretty ? encodeJson(object, 2) : `${encodeJson(object)}\n`;
  return { bytes: Buffer.from(text), format: "json" };
}
