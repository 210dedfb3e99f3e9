import assert from "node:assert/strict";
import { test } from "node:test";
import type { Attributes, Authorizer } from "./authorizer.ts";
import { Impersonator, wantsImpersonation } from "./impersonation.ts";
import { reviewAccess, reviewToken } from "./reviews.ts";
import { requestAuthenticator } from "./request-authenticator.ts";
import { bearerToken, forOwnAudiences, staticTokens, webSocketToken } from "./token-authenticator.ts";
import type { UserInfo } from "./user.ts";

const admin: UserInfo = { name: "admin", groups: ["system:authenticated"] };

function request(user: UserInfo = admin): Attributes {
  return {
    user,
    verb: "list",
    resourceRequest: true,
    path: "/api/v1/pods",
    group: "",
    version: "v1",
    resource: "pods",
    subresource: "",
    namespace: "",
    name: "",
  };
}

const impersonate = (...args: Parameters<Impersonator["impersonate"]>): Promise<UserInfo> => new Impersonator().impersonate(...args);

/** Allows the questions written as `verb resource name`. */
function allows(...questions: string[]): Authorizer {
  return {
    authorize: (a) => ({
      decision: questions.includes(`${a.verb} ${a.resource}${a.subresource === "" ? "" : `/${a.subresource}`} ${a.name}`)
        ? "allow"
        : "no-opinion",
      reason: "",
    }),
  };
}

void test("the old right makes a user of whatever is allowed", async () => {
  const headers = { "impersonate-user": "bob", "impersonate-group": "dev, ops", "impersonate-extra-scopes": "view" };
  const rights = ["impersonate users bob", "impersonate groups dev", "impersonate groups ops", "impersonate userextras/scopes view"];
  assert.equal(wantsImpersonation(headers), true);
  assert.equal(wantsImpersonation({ accept: "x" }), false);
  assert.deepEqual(await impersonate(headers, request(), allows(...rights)), {
    name: "bob",
    groups: ["dev", "ops", "system:authenticated"],
    extra: { scopes: ["view"] },
  });
  await assert.rejects(impersonate(headers, request(), allows(...rights.slice(0, 2))), { code: 403 });
});

void test("a service account brings its groups, anonymous its own", async () => {
  const account = await impersonate(
    { "impersonate-user": "system:serviceaccount:ns:robot" },
    request(),
    allows("impersonate serviceaccounts robot"),
  );
  assert.deepEqual(account.groups, ["system:serviceaccounts", "system:serviceaccounts:ns", "system:authenticated"]);
  const nobody = await impersonate({ "impersonate-user": "system:anonymous" }, request(), allows("impersonate users system:anonymous"));
  assert.deepEqual(nobody.groups, ["system:unauthenticated"]);
});

void test("a constrained right needs the deed as well as the person", async () => {
  const headers = { "impersonate-user": "system:node:n1" };
  const both = ["impersonate-on:arbitrary-node:list pods ", "impersonate:arbitrary-node nodes n1"];
  assert.deepEqual(await impersonate(headers, request(), allows(...both)), {
    name: "system:node:n1",
    groups: ["system:nodes", "system:authenticated"],
  });
  await assert.rejects(impersonate(headers, request(), allows(both[1] as string)), {
    message:
      'pods is forbidden: User "admin" cannot impersonate-on:arbitrary-node:list resource "pods" in API group "" at the cluster scope',
  });
});

void test("groups without a user make no sense", async () => {
  await assert.rejects(impersonate({ "impersonate-group": "g" }, request(), allows()), {
    code: 400,
    message:
      'requested &user.DefaultInfo{Name:"", UID:"", Groups:[]string{"g"}, Extra:map[string][]string(nil)} without impersonating a user name',
  });
});

void test("an access review answers, and says what is wrong with itself", async () => {
  const review = { metadata: {}, spec: { user: "bob", resourceAttributes: { verb: "get", resource: "pods", name: "p" } } };
  const answer = await reviewAccess("SubjectAccessReview", review, admin, allows("get pods p"));
  assert.deepEqual(answer.status, { allowed: true });
  await assert.rejects(reviewAccess("SubjectAccessReview", { spec: {} }, admin, allows()), {
    code: 422,
    message:
      '.authorization.k8s.io "" is invalid: [spec.resourceAttributes: Invalid value: null: exactly one of nonResourceAttributes or resourceAttributes must be specified, spec.user: Invalid value: "": at least one of user or group must be specified]',
  });
  await assert.rejects(
    reviewAccess("LocalSubjectAccessReview", { ...review, metadata: { namespace: "ns" } }, admin, allows()),
    /must match metadata.namespace/,
  );
});

void test("a token review tells who the token is, or what is wrong with it", async () => {
  const tokens = forOwnAudiences(["api"], staticTokens(new Map([["good", { name: "bob", groups: [] }]])));
  const authenticator = requestAuthenticator({ tokens, audiences: ["api"], anonymous: {} });
  assert.deepEqual((await reviewToken({ spec: { token: "good" } }, authenticator, ["api"])).status, {
    authenticated: true,
    user: { username: "bob", groups: ["system:authenticated"] },
    audiences: ["api"],
  });
  const unknown = { user: {}, error: "invalid bearer token" };
  assert.deepEqual((await reviewToken({ spec: { token: "x" } }, authenticator, ["api"])).status, unknown);
  assert.deepEqual((await reviewToken({ spec: { token: "good", audiences: ["other"] } }, authenticator, ["api"])).status, unknown);
});

void test("tokens are found in the header and in a WebSocket's subprotocol", () => {
  const from = (headers: Record<string, string>): string | undefined => bearerToken(headers) ?? webSocketToken(headers)?.token;
  assert.equal(from({ authorization: "Bearer abc" }), "abc");
  assert.equal(from({ authorization: "Basic abc" }), undefined);
  const protocol = `base64url.bearer.authorization.k8s.io.${Buffer.from("t/k").toString("base64url")}`;
  const upgrade = { connection: "keep-alive, Upgrade", upgrade: "websocket" };
  assert.equal(from({ ...upgrade, "sec-websocket-protocol": `v5.channel.k8s.io, ${protocol}` }), "t/k");
  assert.equal(from({ "sec-websocket-protocol": `v5.channel.k8s.io, ${protocol}` }), undefined);
  assert.throws(() => from({ ...upgrade, "sec-websocket-protocol": protocol }), /missing additional subprotocol/);
  assert.throws(() => from({ ...upgrade, "sec-websocket-protocol": `${protocol}, ${protocol}` }), /multiple/);
});
