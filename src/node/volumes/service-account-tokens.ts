/** Tokens for projected volumes: asked of the API server, kept, and renewed when most of their life is over. */
import type { Client } from "../../client/client.ts";
import type { Clock } from "../../core/clock.ts";
import { serviceaccounts, type Pod, type ServiceAccountTokenProjection } from "../../schema/types/core-v1.ts";
import type { TokenRequest } from "../../schema/types/authentication-v1.ts";

interface Kept {
  readonly token: string;
  readonly issued: number;
  readonly expires: number;
}

/** A share of the life after which a token is renewed; and the age at which any is. */
const renewAfter = 0.8;
const maxAge = 24 * 3600_000;

export class ServiceAccountTokens {
  readonly #client: Client;
  readonly #clock: Clock;
  readonly #kept = new Map<string, Kept>();

  constructor(client: Client, clock: Clock) {
    this.#client = client;
    this.#clock = clock;
  }

  /** A token that is fresh enough. An old one that is still valid is used when no new one can be had. */
  async token(pod: Pod, projection: ServiceAccountTokenProjection): Promise<string> {
    const { name = "", namespace = "", uid = "" } = pod.metadata ?? {};
    const account = pod.spec?.serviceAccountName || "default";
    const seconds = projection.expirationSeconds ?? 3600;
    const key = `${uid}/${account}/${projection.audience ?? ""}/${seconds}`;
    const kept = this.#kept.get(key);
    if (kept !== undefined && !this.#isOld(kept)) return kept.token;
    try {
      const request: TokenRequest = {
        apiVersion: "authentication.k8s.io/v1",
        kind: "TokenRequest",
        spec: {
          audiences: projection.audience ? [projection.audience] : [],
          expirationSeconds: seconds,
          boundObjectRef: { apiVersion: "v1", kind: "Pod", name, uid },
        },
      };
      const answer = await this.#client.resource(serviceaccounts, namespace).createSubresource(account, "token", request);
      const token = answer.status?.token ?? "";
      const expires = Date.parse(answer.status?.expirationTimestamp ?? "");
      this.#kept.set(key, { token, issued: this.#clock.now(), expires });
      return token;
    } catch (error) {
      if (kept !== undefined && this.#clock.now() < kept.expires) return kept.token;
      throw new Error(`failed to fetch token: ${(error as Error).message}`, { cause: error });
    }
  }

  #isOld({ issued, expires }: Kept): boolean {
    const age = this.#clock.now() - issued;
    return age > maxAge || age > (expires - issued) * renewAfter;
  }

  forget(podUid: string): void {
    for (const key of this.#kept.keys()) if (key.startsWith(`${podUid}/`)) this.#kept.delete(key);
  }
}
