import assert from "node:assert/strict";
import { test } from "node:test";
import { generateKeyPairSync } from "node:crypto";
import { FakeClock } from "../../core/clock.ts";
import { generateKey, keyPem, publicKeyPem } from "../../host/pki.ts";
import type { KubeObject } from "../../schema/object.ts";
import { jsonWebKeySet, openIdConfiguration } from "../oidc-discovery.ts";
import { ServiceAccountAuthenticator } from "./authenticator.ts";
import type { BoundObjectGetter } from "./authenticator.ts";
import { tokenIssuer } from "./issuer.ts";
import type { TokenIssuer } from "./issuer.ts";
import { parseJwt, signJwt, signingKey, verificationKey, verifyJwt } from "./jwt.ts";
import { requestToken } from "./token-request.ts";

const key = signingKey(keyPem(generateKey()));
const issuerName = "https://kubernetes.default.svc.cluster.local";

interface World {
  clock: FakeClock;
  objects: Map<string, KubeObject>;
  issuer: TokenIssuer;
  authenticator: ServiceAccountAuthenticator;
  getter: BoundObjectGetter;
}

function world(): World {
  const clock = new FakeClock();
  const objects = new Map<string, KubeObject>([["sa/ns/robot", { metadata: { name: "robot", namespace: "ns", uid: "sa-1" } }]]);
  const getter: BoundObjectGetter = {
    serviceAccount: (namespace, name) => objects.get(`sa/${namespace}/${name}`),
    secret: (namespace, name) => objects.get(`secret/${namespace}/${name}`),
    pod: (namespace, name) => objects.get(`pod/${namespace}/${name}`),
    node: (name) => objects.get(`node/${name}`),
  };
  return {
    clock,
    objects,
    getter,
    issuer: tokenIssuer({ issuer: issuerName, key: () => key, clock }),
    authenticator: new ServiceAccountAuthenticator({
      issuers: [issuerName],
      keys: () => [key],
      audiences: [issuerName],
      objects: getter,
      clock,
    }),
  };
}

const account = { namespace: "ns", name: "robot", uid: "sa-1" };

void test("a token names its account, with groups and credential id", async () => {
  const w = world();
  const { token, id } = w.issuer.issue({ serviceAccount: account, audiences: [issuerName], expirationSeconds: 3600 });
  assert.deepEqual(await w.authenticator.authenticateToken(token), {
    user: {
      name: "system:serviceaccount:ns:robot",
      uid: "sa-1",
      groups: ["system:serviceaccounts", "system:serviceaccounts:ns"],
      extra: { "authentication.kubernetes.io/credential-id": [`JTI=${id}`] },
    },
    audiences: [issuerName],
  });
});

void test("a token dies with its time, its account and what it is bound to", async () => {
  const w = world();
  w.objects.set("pod/ns/p", { metadata: { name: "p", namespace: "ns", uid: "pod-1" } });
  const { token } = w.issuer.issue({
    serviceAccount: account,
    audiences: [issuerName],
    expirationSeconds: 3600,
    boundObject: { kind: "Pod", ref: { name: "p", uid: "pod-1" }, node: { name: "n", uid: "node-1" } },
  });
  const found = await w.authenticator.authenticateToken(token);
  assert.deepEqual(found?.user.extra?.["authentication.kubernetes.io/pod-name"], ["p"]);
  assert.deepEqual(found?.user.extra?.["authentication.kubernetes.io/node-name"], ["n"]);
  w.objects.set("pod/ns/p", { metadata: { name: "p", namespace: "ns", uid: "pod-2" } });
  await assert.rejects(
    w.authenticator.authenticateToken(token),
    /pod UID \(pod-2\) does not match service account pod ref claim \(pod-1\)/,
  );
  w.objects.delete("pod/ns/p");
  await assert.rejects(w.authenticator.authenticateToken(token), /service account token has been invalidated/);
  w.objects.set("pod/ns/p", { metadata: { name: "p", namespace: "ns", uid: "pod-1" } });
  w.objects.delete("sa/ns/robot");
  await assert.rejects(w.authenticator.authenticateToken(token), /serviceaccounts "robot" not found/);
  w.objects.set("sa/ns/robot", { metadata: { name: "robot", namespace: "ns", uid: "sa-1" } });
  await w.clock.advance(3661_000);
  await assert.rejects(w.authenticator.authenticateToken(token), /service account token has expired/);
});

void test("audiences must meet", async () => {
  const w = world();
  const { token } = w.issuer.issue({ serviceAccount: account, audiences: ["vault", "other"], expirationSeconds: 3600 });
  await assert.rejects(w.authenticator.authenticateToken(token), {
    message: `token audiences ["vault" "other"] is invalid for the target audiences ["${issuerName}"]`,
  });
  assert.deepEqual((await w.authenticator.authenticateToken(token, ["vault"]))?.audiences, ["vault"]);
});

void test("a changed or foreign token is refused, and what is no token of ours is nobody's", async () => {
  const w = world();
  const { token } = w.issuer.issue({ serviceAccount: account, audiences: [issuerName], expirationSeconds: 3600 });
  const [head, , tail] = token.split(".");
  const body = Buffer.from(JSON.stringify({ ...parseJwt(token)?.claims, sub: "system:serviceaccount:kube-system:admin" })).toString(
    "base64url",
  );
  await assert.rejects(w.authenticator.authenticateToken(`${head}.${body}.${tail}`), /error in cryptographic primitive/);
  await assert.rejects(w.authenticator.authenticateToken(signJwt(signingKey(keyPem(generateKey())), { iss: issuerName })), /no keys found/);
  const unsigned = `${Buffer.from('{"alg":"none"}').toString("base64url")}.${body}.`;
  await assert.rejects(w.authenticator.authenticateToken(unsigned), /error in cryptographic primitive/);
  assert.equal(await w.authenticator.authenticateToken("abc"), undefined);
  assert.equal(await w.authenticator.authenticateToken(signJwt(key, { iss: "someone" })), undefined);
});

void test("the token of a secret is good while the secret holds it", async () => {
  const w = world();
  const token = w.issuer.issueLegacy(account, "robot-token");
  const secret = (data: string): KubeObject & { data: Record<string, string> } => ({
    metadata: { name: "robot-token", namespace: "ns", uid: "s-1" },
    data: { token: Buffer.from(data).toString("base64") },
  });
  await assert.rejects(w.authenticator.authenticateToken(token), /Token has been invalidated/);
  w.objects.set("secret/ns/robot-token", secret(token));
  assert.equal((await w.authenticator.authenticateToken(token))?.user.name, "system:serviceaccount:ns:robot");
  w.objects.set("secret/ns/robot-token", secret("other"));
  await assert.rejects(w.authenticator.authenticateToken(token), /Token does not match server's copy/);
});

void test("a token request is answered as upstream answers it", async () => {
  const w = world();
  const options = { issuer: w.issuer, audiences: [issuerName], objects: w.getter, clock: w.clock };
  const answer = await requestToken(options, "ns", "robot", { spec: { expirationSeconds: 600 } });
  assert.equal(answer.status?.expirationTimestamp, "2026-01-01T00:10:00Z");
  assert.deepEqual(answer.spec?.audiences, [issuerName]);
  assert.equal((await w.authenticator.authenticateToken(answer.status?.token ?? ""))?.user.name, "system:serviceaccount:ns:robot");
  await assert.rejects(
    requestToken(options, "ns", "robot", { spec: { expirationSeconds: 1 } }),
    /may not specify a duration less than 10 minutes/,
  );
  await assert.rejects(requestToken(options, "ns", "nobody", {}), { code: 404 });
  const pod = { metadata: { name: "p", namespace: "ns", uid: "pod-1" }, spec: { serviceAccountName: "other", containers: [] } };
  w.objects.set("pod/ns/p", pod);
  const boundObjectRef = { apiVersion: "v1", kind: "Pod", name: "p" };
  await assert.rejects(requestToken(options, "ns", "robot", { spec: { boundObjectRef } }), /different serviceaccount name/);
  w.objects.set("pod/ns/p", { ...pod, spec: { ...pod.spec, serviceAccountName: "robot", nodeName: "n" } } as KubeObject);
  const bound = await requestToken(options, "ns", "robot", { spec: { boundObjectRef, expirationSeconds: 3607 } });
  const claims = parseJwt(bound.status?.token ?? "")?.claims as { exp: number; iat: number; "kubernetes.io": Record<string, unknown> };
  assert.equal(claims.exp - claims.iat, 365 * 24 * 3600);
  assert.deepEqual(claims["kubernetes.io"], {
    namespace: "ns",
    node: { name: "n" },
    pod: { name: "p", uid: "pod-1" },
    serviceaccount: { name: "robot", uid: "sa-1" },
    warnafter: claims.iat + 3607,
  });
});

void test("discovery describes the keys, RSA and elliptic", () => {
  const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey;
  const keys = [verificationKey(publicKeyPem(rsa)), verificationKey(publicKeyPem(key.privateKey))];
  const jwt = parseJwt(signJwt(signingKey(keyPem(rsa)), { a: 1 }));
  assert.equal(jwt !== undefined && verifyJwt(jwt, keys[0] as (typeof keys)[0]), true);
  assert.deepEqual(openIdConfiguration("https://i", "https://h/openid/v1/jwks", keys), {
    issuer: "https://i",
    jwks_uri: "https://h/openid/v1/jwks",
    response_types_supported: ["id_token"],
    subject_types_supported: ["public"],
    id_token_signing_alg_values_supported: ["ES256", "RS256"],
  });
  const set = jsonWebKeySet(keys) as { keys: Record<string, string>[] };
  assert.deepEqual(
    set.keys.map((k) => Object.keys(k)),
    [
      ["use", "kty", "kid", "alg", "n", "e"],
      ["use", "kty", "kid", "crv", "alg", "x", "y"],
    ],
  );
});
