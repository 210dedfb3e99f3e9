/** The reviews: asking the server who a token is and what somebody may do. Pure but for the questions they ask. */
import { badRequest, internalError } from "../core/api-error.ts";
import { FieldPath, invalid, invalidField } from "../schema/field-error.ts";
import type { FieldError } from "../schema/field-error.ts";
import type { TokenReview, UserInfo as ReviewedUser } from "../schema/types/authentication-v1.ts";
import type { SelfSubjectRulesReview, SubjectAccessReview, SubjectAccessReviewSpec } from "../schema/types/authorization-v1.ts";
import type { ObjectMeta } from "../schema/types/meta-v1.ts";
import type { Attributes, Authorizer } from "./authorizer.ts";
import type { RuleResolver } from "./authorizers.ts";
import type { Authentication, Authenticator, Credentials } from "./authenticator.ts";
import { noNotes } from "./authenticator.ts";
import { asError } from "./errors.ts";
import { fieldSelectorOf, labelSelectorOf, validateSelector } from "./review-selectors.ts";
import type { UserInfo } from "./user.ts";

const group = "authorization.k8s.io";

export type AccessReviewKind = "SubjectAccessReview" | "SelfSubjectAccessReview" | "LocalSubjectAccessReview";

/**
 * Answers one of the access reviews. `user` asks; only SelfSubjectAccessReview is about that user. Throws 422 for a review
 * that makes no sense.
 */
export async function reviewAccess(
  kind: AccessReviewKind,
  review: SubjectAccessReview,
  user: UserInfo,
  authorizer: Authorizer,
): Promise<SubjectAccessReview> {
  const errors = validate(kind, review);
  // Upstream names no kind here: the decoded object has lost it.
  if (errors.length > 0) throw invalid({ group, kind: "" }, "", errors);
  const { spec } = review;
  const subject = kind === "SelfSubjectAccessReview" ? user : subjectOf(spec);
  const faults: string[] = [];
  const verdict = await authorizer.authorize(attributesOf(subject, spec, faults));
  const evaluationError = [...(verdict.error === undefined ? [] : [verdict.error.message]), ...faults].join("; ");
  return {
    ...review,
    status: {
      allowed: verdict.decision === "allow",
      ...(verdict.decision === "deny" ? { denied: true } : {}),
      ...(verdict.reason === "" ? {} : { reason: verdict.reason }),
      ...(evaluationError === "" ? {} : { evaluationError }),
    },
  };
}

function subjectOf(spec: SubjectAccessReviewSpec): UserInfo {
  return {
    name: spec.user ?? "",
    groups: spec.groups ?? [],
    ...(spec.uid ? { uid: spec.uid } : {}),
    ...(spec.extra === undefined ? {} : { extra: spec.extra }),
  };
}

/** `faults`: what of the selectors is left out, as the answer tells it. */
function attributesOf(user: UserInfo, spec: SubjectAccessReviewSpec, faults: string[]): Attributes {
  const resource = spec.resourceAttributes;
  if (resource === undefined) {
    const { path = "", verb = "" } = spec.nonResourceAttributes ?? {};
    return { user, verb, resourceRequest: false, path, group: "", version: "", resource: "", subresource: "", namespace: "", name: "" };
  }
  return {
    user,
    verb: resource.verb ?? "",
    resourceRequest: true,
    path: "",
    group: resource.group ?? "",
    version: resource.version ? resource.version : "*",
    resource: resource.resource ?? "",
    subresource: resource.subresource ?? "",
    namespace: resource.namespace ?? "",
    name: resource.name ?? "",
    fieldSelector: fieldSelectorOf(resource.fieldSelector, faults),
    labelSelector: labelSelectorOf(resource.labelSelector, faults),
  };
}

function validate(kind: AccessReviewKind, review: SubjectAccessReview): FieldError[] {
  const errors: FieldError[] = [];
  const spec = new FieldPath("spec");
  const { resourceAttributes, nonResourceAttributes, user, groups } = review.spec;
  if (resourceAttributes !== undefined && nonResourceAttributes !== undefined) {
    errors.push(
      invalidField(
        spec.child("nonResourceAttributes"),
        goFields(nonResourceAttributes),
        "cannot be specified in combination with resourceAttributes",
      ),
    );
  }
  if (resourceAttributes === undefined && nonResourceAttributes === undefined) {
    const detail = "exactly one of nonResourceAttributes or resourceAttributes must be specified";
    errors.push(invalidField(spec.child("resourceAttributes"), null, detail));
  }
  if (kind !== "SelfSubjectAccessReview" && !user && !groups?.length) {
    errors.push(invalidField(spec.child("user"), "", "at least one of user or group must be specified"));
  }
  if (resourceAttributes !== undefined) {
    const path = spec.child("resourceAttributes");
    errors.push(...validateSelector("field", resourceAttributes.fieldSelector, path.child("fieldSelector")));
    errors.push(...validateSelector("label", resourceAttributes.labelSelector, path.child("labelSelector")));
  }
  const local = kind === "LocalSubjectAccessReview";
  if (!isEmpty(review.metadata, local)) {
    const detail = local ? "must be empty except for namespace" : "must be empty";
    errors.push(invalidField(new FieldPath("metadata"), review.metadata, detail));
  }
  if (local) {
    const namespace = resourceAttributes?.namespace ?? "";
    if (resourceAttributes !== undefined && namespace !== (review.metadata?.namespace ?? "")) {
      errors.push(invalidField(spec.child("resourceAttributes", "namespace"), namespace, "must match metadata.namespace"));
    }
    if (nonResourceAttributes !== undefined) {
      errors.push(invalidField(spec.child("nonResourceAttributes"), goFields(nonResourceAttributes), "disallowed on this kind of request"));
    }
  }
  return errors;
}

/** Upstream shows its internal type, which has no names for JSON. */
function goFields({ path = "", verb = "" }: { path?: string | undefined; verb?: string | undefined }): object {
  return { Path: path, Verb: verb };
}

function isEmpty(metadata: ObjectMeta | undefined, ignoreNamespace: boolean): boolean {
  return Object.entries(metadata ?? {}).every(
    ([key, value]) =>
      value === undefined || key === "managedFields" || key === "creationTimestamp" || (ignoreNamespace && key === "namespace"),
  );
}

/** What `user` may do in one namespace, as far as the authorizers can enumerate it. Throws 400 without a namespace. */
export function reviewRules(review: SelfSubjectRulesReview, user: UserInfo, rules: RuleResolver): SelfSubjectRulesReview {
  const namespace = review.spec.namespace ?? "";
  if (namespace === "") throw badRequest("no namespace on request");
  const found = rules.rulesFor(user, namespace);
  return {
    kind: "SelfSubjectRulesReview",
    apiVersion: `${group}/v1`,
    metadata: {},
    spec: {},
    status: {
      resourceRules: [...found.resourceRules],
      nonResourceRules: [...found.nonResourceRules],
      incomplete: found.incomplete,
      ...(found.error === undefined ? {} : { evaluationError: found.error }),
    },
  };
}

/** Who `user` is, to itself. */
export function reviewSelf(user: UserInfo): { userInfo: ReviewedUser } {
  return { userInfo: reviewedUser(user) };
}

function reviewedUser(user: UserInfo): ReviewedUser {
  return {
    ...(user.name === "" ? {} : { username: user.name }),
    ...(user.uid ? { uid: user.uid } : {}),
    ...(user.groups.length === 0 ? {} : { groups: [...user.groups] }),
    ...(user.extra === undefined || Object.keys(user.extra).length === 0
      ? {}
      : { extra: Object.fromEntries(Object.entries(user.extra).map(([key, values]) => [key, [...values]])) }),
  };
}

/**
 * Who a token is, as if a request came with it. What is wrong with it is part of the answer. Throws 400 without a token, 500
 * when an authenticator answers for other audiences than it was asked about.
 */
export async function reviewToken(review: TokenReview, authenticator: Authenticator, audiences: readonly string[]): Promise<TokenReview> {
  const { token } = review.spec;
  if (!token) throw badRequest("token is required for TokenReview in authentication");
  const wanted = review.spec.audiences?.length ? review.spec.audiences : audiences;
  const credentials: Credentials = {
    headers: { authorization: `Bearer ${token}` },
    path: "",
    notes: noNotes,
    ...(wanted.length === 0 ? {} : { audiences: wanted }),
  };
  let found: Authentication | undefined;
  try {
    found = await authenticator.authenticate(credentials);
  } catch (error) {
    return { ...review, status: { user: {}, error: asError(error).message } };
  }
  if (found === undefined) return { ...review, status: { user: {} } };
  const matching = found.audiences ?? [];
  if (wanted.length > 0 && !wanted.some((a) => matching.includes(a))) throw internalError("error validating audiences");
  const shown = matching.length === 0 ? {} : { audiences: [...matching] };
  return { ...review, status: { authenticated: true, user: reviewedUser(found.user), ...shown } };
}
