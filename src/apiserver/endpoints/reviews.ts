/** The review resources and token requests as handlers, by the names under which `resources/` looks for them. */
import type { Authenticator } from "../../auth/authenticator.ts";
import type { Authorizer } from "../../auth/authorizer.ts";
import type { RuleResolver } from "../../auth/authorizers.ts";
import { reviewAccess, reviewRules, reviewSelf, reviewToken } from "../../auth/reviews.ts";
import type { AccessReviewKind } from "../../auth/reviews.ts";
import { requestToken } from "../../auth/service-account/token-request.ts";
import type { TokenRequestOptions } from "../../auth/service-account/token-request.ts";
import type { UserInfo } from "../../auth/user.ts";
import { badRequest, methodNotSupported } from "../../core/api-error.ts";
import { formatTime } from "../../core/clock.ts";
import type { KubeObject } from "../../schema/object.ts";
import type { SelfSubjectReview, TokenRequest, TokenReview } from "../../schema/types/authentication-v1.ts";
import type { SelfSubjectRulesReview, SubjectAccessReview } from "../../schema/types/authorization-v1.ts";
import { notesOf } from "../pipeline/authentication.ts";
import type { ApiRequest, ApiResponse } from "../request.ts";
import { decodeBody } from "../verbs/body.ts";
import { parseWriteOptions } from "../verbs/options.ts";

export interface ReviewOptions {
  readonly authorizer: Authorizer;
  readonly rules: RuleResolver;
  /** Whom token reviews ask. */
  readonly authenticator: Authenticator;
  readonly tokenRequests: TokenRequestOptions;
}

type Handler = (request: ApiRequest) => Promise<ApiResponse>;

const authorization = "authorization.k8s.io";
const authentication = "authentication.k8s.io";
const maxBody = 3 * 1024 * 1024;

/** Keys: `group/resource`, and `/serviceaccounts/token`. */
export function reviewHandlers(options: ReviewOptions): Record<string, Handler> {
  const { authorizer, authenticator, tokenRequests } = options;
  const access =
    (kind: AccessReviewKind): Handler =>
    async (request) => {
      const review = await body<SubjectAccessReview>(request, authorization, kind);
      if (kind === "LocalSubjectAccessReview") review.metadata = { ...review.metadata, namespace: request.info.namespace };
      return created(await reviewAccess(kind, review, userOf(request), authorizer));
    };
  return {
    [`${authorization}/subjectaccessreviews`]: access("SubjectAccessReview"),
    [`${authorization}/selfsubjectaccessreviews`]: access("SelfSubjectAccessReview"),
    [`${authorization}/localsubjectaccessreviews`]: access("LocalSubjectAccessReview"),
    [`${authorization}/selfsubjectrulesreviews`]: async (request) => {
      const review = await body<SelfSubjectRulesReview>(request, authorization, "SelfSubjectRulesReview");
      return created(reviewRules(review, userOf(request), options.rules));
    },
    [`${authentication}/tokenreviews`]: async (request) => {
      const review = await body<TokenReview>(request, authentication, "TokenReview");
      return created(await reviewToken(review, authenticator, tokenRequests.audiences));
    },
    [`${authentication}/selfsubjectreviews`]: async (request) => {
      await body<SelfSubjectReview>(request, authentication, "SelfSubjectReview");
      const metadata = { creationTimestamp: formatTime(tokenRequests.clock.now()) };
      const review: SelfSubjectReview = {
        kind: "SelfSubjectReview",
        apiVersion: `${authentication}/v1`,
        metadata,
        status: reviewSelf(userOf(request)),
      };
      return created(review);
    },
    "/serviceaccounts/token": async (request) => {
      const wish = await body<TokenRequest>(request, authentication, "TokenRequest");
      return created(await requestToken(tokenRequests, request.info.namespace, request.info.name, wish, notesOf(request)));
    },
  };
}

function userOf(request: ApiRequest): UserInfo {
  return request.user as UserInfo;
}

async function body<T extends KubeObject>(request: ApiRequest, group: string, kind: string): Promise<T> {
  if (request.info.verb !== "create")
    throw methodNotSupported({ group: request.info.group, resource: request.info.resource }, request.info.verb);
  const version = kind === "TokenRequest" ? "v1" : request.info.version;
  const type = { kind, apiVersion: `${group}/${version}`, typeName: `io.k8s.api.${group.split(".")[0] ?? ""}.v1.${kind}` };
  const { fieldValidation } = parseWriteOptions(request.query, "CreateOptions");
  const object = await decodeBody(request, type, fieldValidation, maxBody);
  object.metadata ??= {} as NonNullable<KubeObject["metadata"]>;
  const { namespace } = request.info;
  if (object.metadata.namespace && namespace !== "" && object.metadata.namespace !== namespace) {
    throw badRequest("the namespace of the provided object does not match the namespace sent on the request");
  }
  if (namespace === "") delete object.metadata.namespace;
  return object as KubeObject as T;
}

function created(object: KubeObject): ApiResponse {
  return { status: 201, headers: {}, object };
}
