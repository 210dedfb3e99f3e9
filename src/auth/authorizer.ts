import type { UserInfo } from "./user.ts";

/** What is asked: the attributes that authorizers decide on (`SubjectAccessReview` spec). */
export interface Attributes {
  readonly user: UserInfo;
  /** `get`, `list`, `create`, …; the lower-case HTTP method for non-resource requests. */
  readonly verb: string;
  readonly resourceRequest: boolean;
  readonly path: string;
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  readonly subresource: string;
  readonly namespace: string;
  readonly name: string;
  /** As text; one that cannot be read counts as none: what is asked is then wider, never narrower. */
  readonly fieldSelector?: string | undefined;
  readonly labelSelector?: string | undefined;
}

export type Decision = "allow" | "deny" | "no-opinion";

export interface Authorizer {
  authorize(attributes: Attributes): Verdict | Promise<Verdict>;
}

export interface Verdict {
  readonly decision: Decision;
  readonly reason: string;
  /** What went wrong on the way. A request that is not allowed all the same is answered with 500, not 403. */
  readonly error?: Error | undefined;
}
