/** Proxy targets are named `name`, `name:port` or `scheme:name:port`. Undefined when the text is none of these. */
export interface TargetName {
  readonly scheme: "" | "http" | "https";
  readonly name: string;
  /** A number or a name; empty when none is given. */
  readonly port: string;
}

export function targetName(id: string): TargetName | undefined {
  const parts = id.split(":");
  if (parts.length === 1) return { scheme: "", name: id, port: "" };
  if (parts.length === 2) return parts[0] === "" ? undefined : { scheme: "", name: parts[0] as string, port: parts[1] as string };
  if (parts.length !== 3) return undefined;
  const [scheme, name, port] = parts as [string, string, string];
  if ((scheme !== "http" && scheme !== "https") || name === "") return undefined;
  return { scheme, name, port };
}
