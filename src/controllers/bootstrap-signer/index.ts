/** Signs the public `cluster-info` with every bootstrap token, so that who knows one can believe it. */
import { createHmac } from "node:crypto";
import { hasReason } from "../../core/api-error.ts";
import type { Controller } from "../../operator/controller.ts";
import { mutable } from "../../schema/object.ts";
import { configmaps, type Secret, secrets } from "../../schema/types/core-v1.ts";
import { bootstrapTokenData, bootstrapTokenLeft, bootstrapTokenPrefix, bootstrapTokenType } from "../bootstrap-tokens.ts";
import { typed } from "../typed.ts";

const infoNamespace = "kube-public";
const infoName = "cluster-info";
const tokenNamespace = "kube-system";
const signaturePrefix = "jws-kubeconfig-";

/** A JSON Web Signature with its content taken out (RFC 7515, appendix F), HS256. */
export function detachedSignature(content: string, id: string, secret: string): string {
  const header = Buffer.from(JSON.stringify({ alg: "HS256", kid: id })).toString("base64url");
  const signed = `${header}.${Buffer.from(content).toString("base64url")}`;
  return `${header}..${createHmac("sha256", secret).update(signed).digest("base64url")}`;
}

/** Id and secret of a token that may sign now. */
export function signingToken(secret: Secret, now: number): readonly [id: string, secret: string] | undefined {
  const name = secret.metadata?.name ?? "";
  const [id, password] = [bootstrapTokenData(secret, "token-id"), bootstrapTokenData(secret, "token-secret")];
  if (!name.startsWith(bootstrapTokenPrefix) || id === "" || password === "" || name.slice(bootstrapTokenPrefix.length) !== id)
    return undefined;
  if (bootstrapTokenLeft(secret, now) === 0 || bootstrapTokenData(secret, "usage-bootstrap-signing") !== "true") return undefined;
  return [id, password];
}

export function bootstrapSignerController(): Controller {
  return {
    name: "bootstrap-signer-controller",
    identity: "bootstrap-signer",
    workers: 1,
    setup({ client, informers, clock }, queue) {
      const maps = informers.informer(configmaps, { fieldSelector: `metadata.name=${infoName}` });
      const tokens = informers.informer(secrets, { fieldSelector: `type=${bootstrapTokenType}` });
      const enqueue = (): void => queue.add("sign");
      maps.addHandlers({ onAdd: enqueue, onUpdate: enqueue });
      tokens.addHandlers({ onAdd: enqueue, onUpdate: enqueue, onDelete: enqueue });
      return async (_, signal) => {
        const map = maps.lister.get(infoNamespace, infoName);
        const content = map?.data?.["kubeconfig"];
        if (map === undefined || content === undefined) return;
        const rest = Object.entries(map.data ?? {}).filter(([key]) => !key.startsWith(signaturePrefix));
        const signatures = tokens.lister.list(tokenNamespace).flatMap((secret): [string, string][] => {
          const token = signingToken(secret, clock.now());
          return token === undefined ? [] : [[signaturePrefix + token[0], detachedSignature(content, ...token)]];
        });
        const data = Object.fromEntries([...rest, ...signatures]);
        const same =
          Object.keys(data).length === Object.keys(map.data ?? {}).length && Object.entries(data).every(([k, v]) => map.data?.[k] === v);
        if (same) return;
        try {
          await client.resource(configmaps, infoNamespace).update({ ...mutable(typed(configmaps, map)), data }, { signal });
        } catch (error) {
          if (!hasReason(error, "NotFound", "Conflict")) throw error;
        }
      };
    },
  };
}
