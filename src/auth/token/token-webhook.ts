/** Tokens that another server knows (`--authentication-token-webhook-config-file`). */
import type { WebhookTarget } from "../../client/webhook/target.ts";
import type { Authentication } from "../authenticator.ts";
import { askReview } from "../review-webhook.ts";
import type { TokenAuthenticator } from "../token-authenticator.ts";
import type { UserInfo } from "../user.ts";

export interface TokenWebhookOptions {
  /** Where it is; made when the first token is asked for. */
  readonly target: () => Promise<WebhookTarget>;
  /** The version of TokenReview that is sent and expected. */
  readonly version: "v1" | "v1beta1";
  /** What the server answers to: a webhook that says nothing of audiences means these. */
  readonly audiences: readonly string[];
  /** Milliseconds before a failed attempt is made again the first time. */
  readonly initialDelay?: number | undefined;
}

interface TokenReviewAnswer {
  readonly status?: {
    readonly authenticated?: boolean;
    readonly user?: {
      readonly username?: string;
      readonly uid?: string;
      readonly groups?: readonly string[];
      readonly extra?: Readonly<Record<string, readonly string[]>>;
    };
    readonly audiences?: readonly string[];
    readonly error?: string;
  };
}

const timeout = 30_000;

/** Throws an Error when the webhook cannot be asked, or says what is wrong with the token. */
export function tokenWebhook(options: TokenWebhookOptions): TokenAuthenticator {
  return {
    async authenticateToken(token, wanted): Promise<Authentication | undefined> {
      const review = {
        kind: "TokenReview",
        apiVersion: `authentication.k8s.io/${options.version}`,
        metadata: {},
        spec: { token, ...(wanted === undefined || wanted.length === 0 ? {} : { audiences: wanted }) },
        status: { user: {} },
      };
      const answer = await askReview<TokenReviewAnswer>(await options.target(), review, { timeout, initialDelay: options.initialDelay });
      const status = answer.status ?? {};
      let audiences: readonly string[] | undefined;
      if (wanted !== undefined) {
        const good = status.audiences?.length ? status.audiences : options.audiences;
        audiences = wanted.filter((a) => good.includes(a));
        if (audiences.length === 0) return undefined;
      }
      if (status.authenticated !== true) {
        if (status.error) throw new Error(status.error);
        return undefined;
      }
      return { user: userOf(status.user ?? {}), ...(audiences === undefined ? {} : { audiences }) };
    },
  };
}

function userOf(user: NonNullable<NonNullable<TokenReviewAnswer["status"]>["user"]>): UserInfo {
  return {
    name: user.username ?? "",
    groups: user.groups ?? [],
    ...(user.uid ? { uid: user.uid } : {}),
    ...(user.extra === undefined ? {} : { extra: user.extra }),
  };
}
