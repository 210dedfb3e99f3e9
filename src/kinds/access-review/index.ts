/** Questions: nothing of them is stored. They may carry no metadata but managedFields. */
import type { SelfSubjectReview, TokenReview } from "../../schema/types/authentication-v1.ts";
import { selfsubjectreviews, tokenreviews } from "../../schema/types/authentication-v1.ts";
import type {
  LocalSubjectAccessReview,
  SelfSubjectAccessReview,
  SelfSubjectRulesReview,
  SubjectAccessReview,
} from "../../schema/types/authorization-v1.ts";
import {
  localsubjectaccessreviews,
  selfsubjectaccessreviews,
  selfsubjectrulesreviews,
  subjectaccessreviews,
} from "../../schema/types/authorization-v1.ts";
import type { Kind } from "../kind.ts";
import { kind } from "../kind.ts";

export const selfSubjectReviewKind: Kind = kind<SelfSubjectReview>({ ref: selfsubjectreviews });

export const tokenReviewKind: Kind = kind<TokenReview>({ ref: tokenreviews });

export const subjectAccessReviewKind: Kind = kind<SubjectAccessReview>({ ref: subjectaccessreviews });

export const localSubjectAccessReviewKind: Kind = kind<LocalSubjectAccessReview>({ ref: localsubjectaccessreviews });

export const selfSubjectAccessReviewKind: Kind = kind<SelfSubjectAccessReview>({ ref: selfsubjectaccessreviews });

export const selfSubjectRulesReviewKind: Kind = kind<SelfSubjectRulesReview>({ ref: selfsubjectrulesreviews });
