/** Who a token's claims say somebody is: by claim names or by expressions, and by rules that must hold. */
import { CelOptional, type CelValue } from "../../lang/cel/index.ts";
import type { ClaimMappings, JwtAuthenticator } from "../config/authentication-configuration.ts";
import type { JwtExpressions } from "../config/authentication-validation.ts";
import { type CompiledExpression, plainValue } from "../config/expressions.ts";
import { asError } from "../errors.ts";
import type { UserInfo } from "../user.ts";
import { boolClaim, type Claims, stringClaim, stringsClaim } from "./claims.ts";

const credentialIdKey = "authentication.kubernetes.io/credential-id";

/** Throws an Error that says which claim or rule is at fault. */
export function userOfClaims(claims: Claims, config: JwtAuthenticator, expressions: JwtExpressions): UserInfo {
  const value = plainValue(claims);
  const { claimMappings } = config;
  const name = usernameOf(claims, claimMappings, expressions, value);
  const groups = groupsOf(claims, claimMappings, expressions, value);
  const uid = uidOf(claims, claimMappings, expressions, value);
  const extra = extraOf(claims, expressions, value);
  const user: UserInfo = {
    name,
    groups,
    ...(uid === "" ? {} : { uid }),
    ...(Object.keys(extra).length === 0 ? {} : { extra }),
  };
  checkRequiredClaims(claims, config);
  checkRules(expressions.claimRules, value, "claim validation expression");
  if (expressions.userRules.length > 0) {
    const shown = plainValue({ username: name, uid, groups, extra });
    checkRules(expressions.userRules, shown, "user info validation rule");
  }
  return user;
}

function evaluate(expression: CompiledExpression, value: CelValue): CelValue {
  try {
    return expression.evaluate(value);
  } catch (error) {
    throw new Error(`expression '${expression.source}' resulted in error: ${asError(error).message}`, { cause: error });
  }
}

/** The result of what `make` evaluates; what it throws is told as upstream tells it of this part of the user. */
function mapped<T>(what: string, make: () => T): T {
  try {
    return make();
  } catch (error) {
    throw new Error(`oidc: error evaluating ${what}: ${asError(error).message}`, { cause: error });
  }
}

function usernameOf(claims: Claims, { username }: ClaimMappings, { username: expression }: JwtExpressions, value: CelValue): string {
  if (expression !== undefined) {
    const name = mapped("username claim expression", () => {
      const result = evaluate(expression, value);
      if (typeof result !== "string") throw new Error("username claim expression must return a string");
      return result;
    });
    if (name === "") throw new Error("oidc: empty username via CEL expression is not allowed");
    return name;
  }
  let name: string;
  try {
    name = stringClaim(claims, username.claim);
  } catch (error) {
    throw new Error(`oidc: parse username claims ${JSON.stringify(username.claim)}: ${asError(error).message}`, { cause: error });
  }
  if (username.claim === "email" && Object.hasOwn(claims, "email_verified")) {
    let verified: boolean;
    try {
      verified = boolClaim(claims, "email_verified");
    } catch (error) {
      throw new Error(`oidc: parse 'email_verified' claim: ${asError(error).message}`, { cause: error });
    }
    if (!verified) throw new Error("oidc: email not verified");
  }
  return (username.prefix ?? "") + name;
}

function groupsOf(claims: Claims, { groups }: ClaimMappings, { groups: expression }: JwtExpressions, value: CelValue): string[] {
  if (groups.claim !== "" && Object.hasOwn(claims, groups.claim)) {
    try {
      return stringsClaim(claims, groups.claim).map((g) => (groups.prefix ?? "") + g);
    } catch (error) {
      throw new Error(`oidc: parse groups claim ${JSON.stringify(groups.claim)}: ${asError(error).message}`, { cause: error });
    }
  }
  if (expression === undefined) return [];
  return mapped("group claim expression", () => stringList(evaluate(expression, value)));
}

function uidOf(claims: Claims, { uid }: ClaimMappings, { uid: expression }: JwtExpressions, value: CelValue): string {
  if (uid.claim !== "") {
    try {
      return stringClaim(claims, uid.claim);
    } catch (error) {
      throw new Error(`oidc: parse uid claim ${JSON.stringify(uid.claim)}: ${asError(error).message}`, { cause: error });
    }
  }
  if (expression === undefined) return "";
  return mapped("uid claim expression", () => {
    const result = evaluate(expression, value);
    if (typeof result !== "string") throw new Error("uid claim expression must return a string");
    return result;
  });
}

function extraOf(claims: Claims, expressions: JwtExpressions, value: CelValue): Record<string, string[]> {
  const extra: [string, string[]][] = [];
  const { jti } = claims;
  if (typeof jti === "string" && jti !== "") extra.push([credentialIdKey, [`JTI=${jti}`]]);
  const results = expressions.extra.map(({ key, expression }) => ({ key, expression, result: evaluate(expression, value) }));
  for (const { key, expression, result } of results) {
    const values = mapped(`extra claim expression: ${expression.source}`, () => stringList(result));
    if (values.length > 0) extra.push([key, values]);
  }
  return Object.fromEntries(extra);
}

/** A string, or a list of strings; null is none, and empty strings count for nothing. */
function stringList(value: CelValue): string[] {
  const wrong = (): Error => new Error("expression must return a string or a list of strings");
  if (value === null || value === "") return [];
  if (typeof value === "string") return [value];
  if (!Array.isArray(value) || value instanceof CelOptional) throw wrong();
  return (value as readonly CelValue[]).flatMap((item) => {
    if (typeof item !== "string") throw wrong();
    return item === "" ? [] : [item];
  });
}

function checkRequiredClaims(claims: Claims, { claimValidationRules }: JwtAuthenticator): void {
  const wanted = new Map(claimValidationRules.filter((r) => r.claim !== "").map((r) => [r.claim, r.requiredValue]));
  for (const [claim, required] of wanted) {
    if (!Object.hasOwn(claims, claim)) throw new Error(`oidc: required claim ${claim} not present in ID token`);
    let value: string;
    try {
      value = stringClaim(claims, claim);
    } catch (error) {
      throw new Error(`oidc: parse claim ${claim}: ${asError(error).message}`, { cause: error });
    }
    if (value !== required) throw new Error(`oidc: required claim ${claim} value does not match. Got = ${value}, want = ${required}`);
  }
}

function checkRules(rules: JwtExpressions["claimRules"], value: CelValue, what: string): void {
  if (rules.length === 0) return;
  mapped(what, () => {
    const results = rules.map((rule) => ({ ...rule, result: evaluate(rule.expression, value) }));
    for (const { expression, message, result } of results) {
      if (typeof result !== "boolean") throw new Error("validation expression must return a boolean");
      if (!result) throw new Error(`validation expression '${expression.source}' failed: ${message}`);
    }
  });
}
