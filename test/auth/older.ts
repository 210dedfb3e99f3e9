/** A server set up with flags alone, as before the configuration files: OIDC, ABAC, webhooks in their older version. */
import type { Cases } from "./cases.ts";
import type { Ask, World } from "./world.ts";

const policies = `# Who reads what.
{"apiVersion":"abac.authorization.kubernetes.io/v1beta1","kind":"Policy","spec":{"user":"alice","namespace":"*","resource":"pods","apiGroup":"*","readonly":true}}
{"apiVersion":"abac.authorization.kubernetes.io/v1beta1","kind":"Policy","spec":{"group":"*","nonResourcePath":"/healthz*"}}
{"apiVersion":"abac.authorization.kubernetes.io/v1beta1","kind":"Policy","spec":{"group":"system:unauthenticated","nonResourcePath":"/livez"}}
{"user":"old","resource":"events"}
{"apiVersion":"abac.authorization.kubernetes.io/v1beta1","kind":"Policy","spec":{"user":"*","namespace":"one","resource":"configmaps","apiGroup":""}}
`;

export function olderFlags(world: World): readonly string[] {
  return [
    ...world.flags.filter((flag) => /^(client-ca-file|token-auth-file|service-account-)/.test(flag) && !/max-token|older/.test(flag)),
    `oidc-issuer-url=${world.issuer.url}`,
    "oidc-client-id=cluster",
    `oidc-ca-file=${world.dir}/ca.crt`,
    "oidc-groups-claim=groups",
    "oidc-groups-prefix=g:",
    "oidc-required-claim=hd=example.com",
    "oidc-signing-algs=RS256,ES256",
    "authorization-mode=ABAC,Webhook,AlwaysDeny",
    `authorization-policy-file=${world.file("policies.jsonl", policies)}`,
    `authorization-webhook-config-file=${world.dir}/access.yaml`,
    "authorization-webhook-version=v1beta1",
    `authentication-token-webhook-config-file=${world.dir}/tokens.yaml`,
    "api-audiences=api,more",
    "feature-gates=ConstrainedImpersonation=false",
  ];
}

export function olderCases(world: World): Cases {
  const { issuer, admin } = world;
  const whoAmI = { path: "/apis/authentication.k8s.io/v1/selfsubjectreviews", body: {} };
  const claims = { iss: issuer.url, aud: "cluster", exp: 4_000_000_000, sub: "s1", hd: "example.com", groups: ["a"] };
  const token = (value: string): Ask => ({
    path: "/apis/authentication.k8s.io/v1/tokenreviews",
    body: { kind: "TokenReview", apiVersion: "authentication.k8s.io/v1", spec: { token: value } },
    certificate: admin,
  });
  const may = (who: object, resourceAttributes: object): Ask => ({
    path: "/apis/authorization.k8s.io/v1/subjectaccessreviews",
    body: { kind: "SubjectAccessReview", apiVersion: "authorization.k8s.io/v1", spec: { ...who, resourceAttributes } },
    certificate: admin,
  });
  const as = (name: string, path: string): Ask => ({ path, certificate: world.client(name) });
  const acting = (name: string, headers: Record<string, string>): Ask => ({
    ...whoAmI,
    headers,
    certificate: name === "admin" ? admin : world.client(name),
  });
  const update = { verb: "update", resource: "configmaps", namespace: "one" };
  const elsewhere = { ...update, namespace: "two" };
  return {
    "anonymous, allowed path": { path: "/livez" },
    "anonymous, a path of authenticated users": { path: "/healthz" },
    "anonymous, metrics": { path: "/metrics" },
    "anonymous, resource": { path: "/api/v1/namespaces/one/configmaps" },
    "oidc: name from sub with the issuer before it": token(issuer.token(claims)),
    "oidc: ES256": token(issuer.token({ ...claims, sub: "x@y" }, { algorithm: "ES256" })),
    "oidc: an algorithm that is not listed": token(issuer.token(claims, { algorithm: "RS512" })),
    "oidc: another required claim": token(issuer.token({ ...claims, hd: "no" })),
    "oidc: another audience": token(issuer.token({ ...claims, aud: "other" })),
    "oidc: expired": token(issuer.token({ ...claims, exp: 1_000_000 })),
    "oidc: groups as one string": token(issuer.token({ ...claims, groups: "solo" })),
    "oidc: groups as a number": token(issuer.token({ ...claims, groups: 3 })),
    "webhook token": token("hook-user"),
    "webhook token of an audience": token("hook-audience"),
    "file token": token("tok-alice"),
    "unknown token": token("nobody"),
    "abac: read": may({ user: "alice" }, { verb: "list", resource: "pods", group: "x" }),
    "abac: write with read only": may({ user: "alice" }, { verb: "delete", resource: "pods" }),
    "abac: unversioned line": may({ user: "old" }, { verb: "create", resource: "events" }),
    "abac: everybody, authenticated": may({ user: "z", groups: ["system:authenticated"] }, update),
    "abac: everybody, not authenticated": may({ user: "z" }, update),
    "webhook allows": may({ user: "hooked" }, elsewhere),
    "webhook denies": may({ user: "denied" }, elsewhere),
    "nobody says anything": may({ user: "shrug", groups: ["q"] }, elsewhere),
    "request that abac allows": as("alice", "/api/v1/pods"),
    "request that nobody allows": as("alice", "/api/v1/secrets"),
    "request that the webhook allows": as("hooked", "/api/v1/secrets?limit=1"),
    "request that the webhook denies": as("denied", "/api/v1/secrets"),
    "rules of an authorizer that cannot tell": {
      path: "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews",
      body: { spec: { namespace: "one" } },
      certificate: world.client("hooked"),
    },
    "acting as nobody": acting("admin", { "Impersonate-Group": "g", "Impersonate-Uid": "u", "Impersonate-Extra-A": "b" }),
    "acting as a user": acting("admin", { "Impersonate-User": "bob", "Impersonate-Group": "g" }),
    "acting as a service account": acting("admin", { "Impersonate-User": "system:serviceaccount:one:robot" }),
    "acting as a node": acting("admin", { "Impersonate-User": "system:node:n1" }),
    "acting as a user without the right": acting("imp", { "Impersonate-User": "bob", "Impersonate-Group": "g" }),
    "acting as a service account without the right": acting("imp", { "Impersonate-User": "system:serviceaccount:one:robot" }),
  };
}
