/** Registry credentials from image pull secrets (`kubernetes.io/dockerconfigjson` and `kubernetes.io/dockercfg`). */
import type { Secret } from "../../schema/types/core-v1.ts";
import type { AuthConfig } from "../cri/types.ts";
import { parseReference } from "./references.ts";

interface DockerAuth {
  username?: string;
  password?: string;
  auth?: string;
  identitytoken?: string;
  registrytoken?: string;
}

/** Those that fit the image, the most specific first. */
export function credentialsFor(image: string, secrets: readonly Secret[]): AuthConfig[] {
  const { registry, repository } = parseReference(image);
  const target = `${registry}/${repository}`;
  const found: { specificity: number; auth: AuthConfig }[] = [];
  for (const secret of secrets) {
    for (const [key, auth] of Object.entries(entries(secret))) {
      const pattern = key
        .replace(/^https?:\/\//, "")
        .replace(/\/v[12]\/?$/, "")
        .replace(/\/$/, "")
        .replace(/^index\.docker\.io/, "docker.io");
      if (matches(pattern, target)) found.push({ specificity: pattern.length, auth: toAuth(auth, registry) });
    }
  }
  return found.sort((a, b) => b.specificity - a.specificity).map((f) => f.auth);
}

/** A secret that does not hold what its type promises gives nothing, as upstream: the pull may succeed without. */
function entries(secret: Secret): Record<string, DockerAuth> {
  const json = secret.data?.[".dockerconfigjson"];
  const old = secret.data?.[".dockercfg"];
  try {
    if (json !== undefined)
      return (JSON.parse(Buffer.from(json, "base64").toString("utf8")) as { auths?: Record<string, DockerAuth> }).auths ?? {};
    if (old !== undefined) return JSON.parse(Buffer.from(old, "base64").toString("utf8")) as Record<string, DockerAuth>;
  } catch {
    return {};
  }
  return {};
}

/** Host parts may hold `*`; a path is a prefix. */
function matches(pattern: string, target: string): boolean {
  const slash = pattern.indexOf("/");
  const host = slash < 0 ? pattern : pattern.slice(0, slash);
  const path = slash < 0 ? "" : pattern.slice(slash);
  const at = target.indexOf("/");
  const parts = host.split(".");
  const targetParts = target.slice(0, at).split(".");
  if (parts.length !== targetParts.length) return false;
  const same = parts.every((part, i) =>
    new RegExp(`^${part.replace(/[^\w*]/g, "\\$&").replaceAll("*", "[^.]*")}$`).test(targetParts[i] as string),
  );
  return same && (path === "" || target.slice(at) === path || target.slice(at).startsWith(`${path}/`));
}

function toAuth(auth: DockerAuth, registry: string): AuthConfig {
  const plain = auth.auth === undefined ? "" : Buffer.from(auth.auth, "base64").toString("utf8");
  const colon = plain.indexOf(":");
  return {
    username: auth.username ?? (colon < 0 ? "" : plain.slice(0, colon)),
    password: auth.password ?? (colon < 0 ? "" : plain.slice(colon + 1)),
    serverAddress: registry,
    ...(auth.identitytoken === undefined ? {} : { identityToken: auth.identitytoken }),
    ...(auth.registrytoken === undefined ? {} : { registryToken: auth.registrytoken }),
  };
}
