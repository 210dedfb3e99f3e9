import type { Secret } from "../../schema/types/core-v1.ts";

/** Fills in a secret's defaults, in place: what is written as text (`stringData`) becomes data. */
export function setSecretDefaults(secret: Secret): void {
  if (!secret.type) secret.type = "Opaque";
  const text = secret.stringData;
  if (!text) return;
  const data = (secret.data ??= {});
  for (const key of Object.keys(text)) data[key] = Buffer.from(text[key] as string, "utf8").toString("base64");
  delete secret.stringData;
}
