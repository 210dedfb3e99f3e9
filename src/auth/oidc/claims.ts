/** The claims of a token, read as Go reads JSON into a type: a claim of another type is an error in its words. */

export type Claims = Readonly<Record<string, unknown>>;

function kindOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  if (typeof value === "boolean") return "bool";
  return typeof value;
}

function wrong(value: unknown, type: string): Error {
  return new Error(`json: cannot unmarshal ${kindOf(value)} into Go value of type ${type}`);
}

const absent = (): Error => new Error("claim not present");

/** Empty for null. Throws an Error when it is not there, or no string. */
export function stringClaim(claims: Claims, name: string): string {
  if (!Object.hasOwn(claims, name)) throw absent();
  const value = claims[name];
  if (value === null) return "";
  if (typeof value !== "string") throw wrong(value, "string");
  return value;
}

/** False for null. */
export function boolClaim(claims: Claims, name: string): boolean {
  if (!Object.hasOwn(claims, name)) throw absent();
  const value = claims[name];
  if (value === null) return false;
  if (typeof value !== "boolean") throw wrong(value, "bool");
  return value;
}

/** One string, or several; none for null. */
export function stringsClaim(claims: Claims, name: string): string[] {
  if (!Object.hasOwn(claims, name)) throw absent();
  const value = claims[name];
  if (value === null) return [];
  if (Array.isArray(value) && value.every((v) => typeof v === "string" || v === null)) return value.map((v: string | null) => v ?? "");
  if (typeof value !== "string") throw wrong(value, "string");
  return [value];
}

/** A map of strings. */
export function stringMap(value: unknown): Record<string, string> {
  if (value === null) return {};
  if (typeof value !== "object" || Array.isArray(value)) throw wrong(value, "map[string]string");
  for (const entry of Object.values(value)) if (typeof entry !== "string") throw wrong(entry, "string");
  return value as Record<string, string>;
}

/** Reads a token's payload. Throws an Error when it is no JSON object. */
export function parseClaims(payload: Uint8Array): Claims {
  const value: unknown = JSON.parse(Buffer.from(payload).toString("utf8"));
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new Error(`json: cannot unmarshal ${kindOf(value)} into Go value of type oidc.idToken`);
  }
  return value as Claims;
}
