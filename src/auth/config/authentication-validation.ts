/** What is wrong with an AuthenticationConfiguration (`k8s.io/apiserver/pkg/apis/apiserver/validation`), and its expressions made ready. */
import { X509Certificate } from "node:crypto";
import { splitBundle } from "../../host/pki.ts";
import { duplicate, type FieldError, FieldPath, forbiddenField, invalidField, required, tooMany } from "../../schema/field-error.ts";
import type {
  AuthenticationConfiguration,
  ClaimMappings,
  ClaimValidationRule,
  JwtAuthenticator,
  JwtIssuer,
  PrefixedClaimOrExpression,
} from "./authentication-configuration.ts";
import { claimsScope, type CompiledExpression, compileExpression, ExpressionFault, userScope } from "./expressions.ts";
import { readsField } from "./expression-reads.ts";
import { domainPrefixedPath } from "../domain-prefixed-path.ts";
import { parseUrl, urlFault } from "../../core/go-url.ts";

/** The expressions of one issuer's rules. Undefined where the configuration names a claim, or nothing. */
export interface JwtExpressions {
  readonly username?: CompiledExpression | undefined;
  readonly groups?: CompiledExpression | undefined;
  readonly uid?: CompiledExpression | undefined;
  readonly extra: readonly { readonly key: string; readonly expression: CompiledExpression }[];
  readonly claimRules: readonly { readonly expression: CompiledExpression; readonly message: string }[];
  readonly userRules: readonly { readonly expression: CompiledExpression; readonly message: string }[];
}

export interface ValidatedAuthentication {
  readonly errors: readonly FieldError[];
  /** In the order of the issuers; of use only without errors. */
  readonly expressions: readonly JwtExpressions[];
}

const maxIssuers = 64;

/** `disallowedIssuers`: those of the server's own tokens. */
export function validateAuthentication(config: AuthenticationConfiguration, disallowedIssuers: readonly string[]): ValidatedAuthentication {
  const root = new FieldPath("jwt");
  const errors: FieldError[] = [];
  if (config.jwt.length > maxIssuers) return { errors: [tooMany(root, config.jwt.length, maxIssuers)], expressions: [] };
  const urls = new Set<string>();
  const discoveryUrls = new Set<string>();
  const expressions = config.jwt.map((jwt, i) => {
    const path = root.index(i);
    const check = new JwtCheck(jwt, path, disallowedIssuers);
    errors.push(...check.errors);
    const { url, discoveryURL } = jwt.issuer;
    if (urls.has(url)) errors.push(duplicate(path.child("issuer", "url"), url));
    urls.add(url);
    if (discoveryURL !== "") {
      if (discoveryUrls.has(discoveryURL)) errors.push(duplicate(path.child("issuer", "discoveryURL"), discoveryURL));
      discoveryUrls.add(discoveryURL);
    }
    return check.expressions;
  });
  const { anonymous } = config;
  if (anonymous !== undefined && !anonymous.enabled && anonymous.conditions.length > 0) {
    const shown = anonymous.conditions.map((c) => ({ Path: c.path }));
    errors.push(invalidField(new FieldPath("anonymous.conditions"), shown, "enabled should be set to true when conditions are defined"));
  }
  return { errors, expressions };
}

/** The error of an anonymous part that a reload would change: it may not. */
export function anonymousChanged(): FieldError {
  return forbiddenField(new FieldPath("anonymous"), "changed from initial configuration file");
}

const bothSet = "claim and expression can't both be set";

class JwtCheck {
  readonly errors: FieldError[] = [];
  readonly expressions: JwtExpressions;
  #readsEmailVerified = false;

  constructor(jwt: JwtAuthenticator, path: FieldPath, disallowedIssuers: readonly string[]) {
    this.#issuer(jwt.issuer, path.child("issuer"), disallowedIssuers);
    const claimRules = this.#claimRules(jwt.claimValidationRules, path.child("claimValidationRules"));
    const mappings = this.#mappings(jwt.claimMappings, path.child("claimMappings"));
    const userRules = this.#userRules(jwt.userValidationRules, path.child("userValidationRules"));
    this.expressions = { ...mappings, claimRules, userRules };
  }

  #issuer(issuer: JwtIssuer, path: FieldPath, disallowed: readonly string[]): void {
    const { errors } = this;
    if (issuer.url === "") errors.push(required(path.child("url")));
    else this.#url(issuer.url, path.child("url"), disallowed);
    if (issuer.discoveryURL !== "") {
      const at = path.child("discoveryURL");
      const bare = (url: string): string => url.replace(/\/+$/, "");
      if (issuer.url !== "" && bare(issuer.url) === bare(issuer.discoveryURL)) {
        errors.push(invalidField(at, issuer.discoveryURL, "discoveryURL must be different from URL"));
      }
      this.#url(issuer.discoveryURL, at, []);
    }
    this.#audiences(issuer, path);
    const fault = authorityFault(issuer.certificateAuthority);
    if (fault !== undefined) errors.push(invalidField(path.child("certificateAuthority"), "<omitted>", fault));
    const { egressSelectorType } = issuer;
    if (egressSelectorType !== "" && egressSelectorType !== "controlplane" && egressSelectorType !== "cluster") {
      errors.push(
        invalidField(path.child("egressSelectorType"), egressSelectorType, "egress selector must be either controlplane or cluster"),
      );
    }
  }

  #url(url: string, path: FieldPath, disallowed: readonly string[]): void {
    const add = (detail: string): void => void this.errors.push(invalidField(path, url, detail));
    if (disallowed.includes(url)) add(`URL must not overlap with disallowed issuers: [${[...disallowed].sort().join(" ")}]`);
    const fault = urlFault(url);
    if (fault !== undefined) return add(fault);
    const { scheme, user, query, fragment } = parseUrl(url);
    if (scheme !== "https") add("URL scheme must be https");
    if (user !== undefined) add("URL must not contain a username or password");
    if (query !== "") add("URL must not contain a query");
    if (fragment !== "") add("URL must not contain a fragment");
  }

  #audiences({ audiences, audienceMatchPolicy }: JwtIssuer, path: FieldPath): void {
    const at = path.child("audiences");
    if (audiences.length === 0) {
      this.errors.push(required(at, `at least one ${at.toString()} is required`));
      return;
    }
    audiences.forEach((audience, i) => {
      if (audience === "") this.errors.push(required(at.index(i)));
      if (audiences.indexOf(audience) < i) this.errors.push(duplicate(at.index(i), audience));
    });
    const policy = path.child("audienceMatchPolicy");
    if (audiences.length > 1 && audienceMatchPolicy !== "MatchAny") {
      this.errors.push(invalidField(policy, audienceMatchPolicy, "audienceMatchPolicy must be MatchAny for multiple audiences"));
    }
    if (audiences.length === 1 && audienceMatchPolicy !== "" && audienceMatchPolicy !== "MatchAny") {
      this.errors.push(invalidField(policy, audienceMatchPolicy, "audienceMatchPolicy must be empty or MatchAny for single audience"));
    }
  }

  #compile(scope: typeof claimsScope, source: string, wanted: "bool" | "any", path: FieldPath): CompiledExpression | undefined {
    try {
      return compileExpression(scope, source, wanted);
    } catch (error) {
      if (!(error instanceof ExpressionFault)) throw error;
      this.errors.push(invalidField(path, source, error.message));
      return undefined;
    }
  }

  #claimRules(rules: readonly ClaimValidationRule[], path: FieldPath): JwtExpressions["claimRules"] {
    const claims = new Set<string>();
    const seen = new Set<string>();
    const made: { expression: CompiledExpression; message: string }[] = [];
    rules.forEach(({ claim, expression, message, requiredValue }, i) => {
      const at = path.index(i);
      if (claim !== "" && expression !== "") this.errors.push(invalidField(at, claim, bothSet));
      else if (claim === "" && expression === "") this.errors.push(required(at, "claim or expression is required"));
      else if (claim !== "") {
        if (message !== "") this.errors.push(invalidField(at.child("message"), message, "may not be specified when claim is set"));
        if (claims.has(claim)) this.errors.push(duplicate(at.child("claim"), claim));
        claims.add(claim);
      } else {
        if (requiredValue !== "") {
          this.errors.push(invalidField(at.child("requiredValue"), requiredValue, "may not be specified when expression is set"));
        }
        if (seen.has(expression)) return void this.errors.push(duplicate(at.child("expression"), expression));
        seen.add(expression);
        const compiled = this.#compile(claimsScope, expression, "bool", at.child("expression"));
        if (compiled === undefined) return;
        this.#readsEmailVerified ||= readsField(compiled.expr, "claims", "email_verified");
        made.push({ expression: compiled, message });
      }
    });
    return made;
  }

  #mappings(m: ClaimMappings, path: FieldPath): Pick<JwtExpressions, "username" | "groups" | "uid" | "extra"> {
    const username = this.#mapping(m.username, path.child("username"), true);
    const readsEmail = username !== undefined && readsField(username.expr, "claims", "email");
    if (username !== undefined) this.#readsEmailVerified ||= readsField(username.expr, "claims", "email_verified");
    const groups = this.#mapping(m.groups, path.child("groups"), false);
    let uid: CompiledExpression | undefined;
    if (m.uid.claim !== "" && m.uid.expression !== "") this.errors.push(invalidField(path.child("uid"), "", bothSet));
    else if (m.uid.expression !== "") uid = this.#compile(claimsScope, m.uid.expression, "any", path.child("uid", "expression"));
    const extra = this.#extra(m.extra, path.child("extra"));
    if (readsEmail && !this.#readsEmailVerified) {
      const detail =
        "claims.email_verified must be used in claimMappings.username.expression or claimMappings.extra[*].valueExpression or claimValidationRules[*].expression when claims.email is used in claimMappings.username.expression";
      this.errors.push(invalidField(path.child("username", "expression"), m.username.expression, detail));
    }
    return { username, groups, uid, extra };
  }

  #mapping({ claim, prefix, expression }: PrefixedClaimOrExpression, path: FieldPath, needed: boolean): CompiledExpression | undefined {
    const before = this.errors.length;
    let compiled: CompiledExpression | undefined;
    if (expression !== "" && claim !== "") this.errors.push(invalidField(path, "", bothSet));
    else if (expression !== "") {
      if (prefix !== undefined) {
        this.errors.push(invalidField(path.child("prefix"), prefix, "may not be specified when expression is set"));
      }
      compiled = this.#compile(claimsScope, expression, "any", path.child("expression"));
    } else if (claim !== "") {
      const detail = "prefix is required when claim is set. It can be set to an empty string to disable prefixing";
      if (prefix === undefined) this.errors.push(required(path.child("prefix"), detail));
    } else if (needed) this.errors.push(required(path, "claim or expression is required"));
    return this.errors.length > before ? undefined : compiled;
  }

  #extra(mappings: ClaimMappings["extra"], path: FieldPath): JwtExpressions["extra"] {
    const keys = new Set<string>();
    const made: { key: string; expression: CompiledExpression }[] = [];
    mappings.forEach(({ key, valueExpression }, i) => {
      const at = path.index(i);
      this.#extraKey(key, at.child("key"));
      if (keys.has(key)) return void this.errors.push(duplicate(at.child("key"), key));
      keys.add(key);
      if (valueExpression === "") return void this.errors.push(required(at.child("valueExpression")));
      const expression = this.#compile(claimsScope, valueExpression, "any", at.child("valueExpression"));
      if (expression !== undefined) made.push({ key, expression });
    });
    for (const { expression } of made) this.#readsEmailVerified ||= readsField(expression.expr, "claims", "email_verified");
    return made;
  }

  #extraKey(key: string, path: FieldPath): void {
    this.errors.push(...domainPrefixedPath(key, path));
    if (key !== key.toLowerCase()) this.errors.push(invalidField(path, key, "must be lowercase"));
    const domain = key.includes("/") ? key.slice(0, key.indexOf("/")) : "";
    if (/(?:^|\.)(?:kubernetes|k8s)\.io$/.test(domain)) {
      this.errors.push(invalidField(path, key, "k8s.io, kubernetes.io and their subdomains are reserved for Kubernetes use"));
    }
  }

  #userRules(rules: JwtAuthenticator["userValidationRules"], path: FieldPath): JwtExpressions["userRules"] {
    const seen = new Set<string>();
    const made: { expression: CompiledExpression; message: string }[] = [];
    rules.forEach(({ expression, message }, i) => {
      const at = path.index(i).child("expression");
      if (expression === "") return void this.errors.push(required(at));
      if (seen.has(expression)) return void this.errors.push(duplicate(at, expression));
      seen.add(expression);
      const compiled = this.#compile(userScope, expression, "bool", at);
      if (compiled !== undefined) made.push({ expression: compiled, message });
    });
    return made;
  }
}

/** What is wrong with PEM certificates; empty text is none. */
function authorityFault(pem: string): string | undefined {
  if (pem === "") return undefined;
  const blocks = splitBundle(pem);
  if (blocks.length === 0) return "data does not contain any valid RSA or ECDSA certificates";
  try {
    for (const block of blocks) new X509Certificate(block);
    return undefined;
  } catch {
    return "x509: malformed certificate";
  }
}
