/** What is asked of a server that runs in a {@link World}: who somebody is, and what they may. */
import type { AskedServer, Ask, World } from "./world.ts";

/** A name that says what is asked, unique. */
export type Cases = Readonly<Record<string, Ask>>;

const rbac = "/apis/rbac.authorization.k8s.io/v1";
const rule = (verbs: string[], resources: string[], more: object = {}): object => ({ apiGroups: [""], resources, verbs, ...more });
const meta = (name: string, namespace?: string): object => ({ name, ...(namespace === undefined ? {} : { namespace }) });
const user = (name: string): object => ({ kind: "User", name, apiGroup: "rbac.authorization.k8s.io" });
const bind = (kind: string, name: string): object => ({ apiGroup: "rbac.authorization.k8s.io", kind, name });

/** Objects that the cases speak of. Answers the tokens that the server itself gave out, by name. */
export async function prepare(server: AskedServer, world: World): Promise<Record<string, string>> {
  const make = async (path: string, body: object): Promise<Record<string, unknown>> => {
    const answer = await server.ask({ path, body, certificate: world.admin });
    if (answer.status !== 201 && answer.status !== 409) throw new Error(`${path}: ${JSON.stringify(answer)}`);
    return answer.body as Record<string, unknown>;
  };
  await make("/api/v1/namespaces", { metadata: meta("one") });
  const account = (await make("/api/v1/namespaces/one/serviceaccounts", { metadata: meta("robot") })) as { metadata: { uid: string } };
  await make("/api/v1/namespaces/one/secrets", {
    metadata: { ...meta("legacy"), annotations: { "kubernetes.io/service-account.name": "robot" } },
    type: "Opaque",
  });
  await make("/api/v1/nodes", { metadata: meta("n1") });
  await make("/api/v1/nodes", { metadata: meta("n2") });
  await make("/api/v1/namespaces/one/configmaps", { metadata: meta("seen") });
  await make("/api/v1/namespaces/one/pods", {
    metadata: meta("p1"),
    spec: {
      nodeName: "n1",
      serviceAccountName: "robot",
      automountServiceAccountToken: false,
      containers: [{ name: "c", image: "i", envFrom: [{ configMapRef: { name: "seen" } }] }],
    },
  });
  await make(`${rbac}/clusterroles`, { metadata: meta("reader"), rules: [rule(["get", "list"], ["pods"])] });
  await make(`${rbac}/clusterroles`, { metadata: meta("paths"), rules: [{ nonResourceURLs: ["/metrics", "/logs/*"], verbs: ["get"] }] });
  await make(`${rbac}/clusterroles`, {
    metadata: meta("role-editor"),
    rules: [{ apiGroups: ["rbac.authorization.k8s.io"], resources: ["*"], verbs: ["create", "update", "patch", "get", "list"] }],
  });
  await make(`${rbac}/clusterroles`, {
    metadata: meta("escalator"),
    rules: [
      { apiGroups: ["rbac.authorization.k8s.io"], resources: ["roles", "clusterroles"], verbs: ["escalate"], resourceNames: ["", "free"] },
    ],
  });
  await make(`${rbac}/clusterroles`, {
    metadata: meta("binder"),
    rules: [{ apiGroups: ["rbac.authorization.k8s.io"], resources: ["clusterroles"], verbs: ["bind"], resourceNames: ["view"] }],
  });
  await make(`${rbac}/clusterroles`, {
    metadata: meta("impersonator"),
    rules: [
      rule(["impersonate"], ["users"], { resourceNames: ["bob"] }),
      rule(["impersonate"], ["groups"], { resourceNames: ["dev"] }),
      { apiGroups: ["authentication.k8s.io"], resources: ["userextras/scopes", "uids"], verbs: ["impersonate"] },
    ],
  });
  const bindings: readonly (readonly [string, string])[] = [
    ["reader", "alice"],
    ["paths", "alice"],
    ["role-editor", "editor"],
    ["reader", "editor"],
    ["escalator", "escalator"],
    ["role-editor", "escalator"],
    ["binder", "binder"],
    ["role-editor", "binder"],
    ["impersonator", "imp"],
    ["missing-role", "dangling"],
  ];
  for (const [role, name] of bindings) {
    await make(`${rbac}/clusterrolebindings`, {
      metadata: meta(`${role}-${name}`),
      subjects: [user(name)],
      roleRef: bind("ClusterRole", role),
    });
  }
  await make(`${rbac}/namespaces/one/rolebindings`, {
    metadata: meta("view-bob"),
    subjects: [user("bob"), { kind: "ServiceAccount", name: "robot", namespace: "one" }],
    roleRef: bind("ClusterRole", "reader"),
  });
  const bootstrap = (id: string, more: Record<string, string>): Promise<unknown> =>
    make("/api/v1/namespaces/kube-system/secrets", {
      metadata: meta(`bootstrap-token-${id}`),
      type: "bootstrap.kubernetes.io/token",
      stringData: { "token-id": id, "token-secret": "0123456789abcdef", "usage-bootstrap-authentication": "true", ...more },
    });
  await bootstrap("aaaaaa", { "auth-extra-groups": "system:bootstrappers:workers,system:bootstrappers:a" });
  await bootstrap("bbbbbb", { expiration: "2020-01-01T00:00:00Z" });
  await bootstrap("cccccc", { "usage-bootstrap-authentication": "false" });
  await bootstrap("dddddd", { expiration: "2090-01-01T00:00:00Z" });
  const issue = async (spec: object): Promise<string> => {
    const answer = await make("/api/v1/namespaces/one/serviceaccounts/robot/token", { spec });
    return (answer as { status: { token: string } }).status.token;
  };
  const object = (kind: string, name: string): object => ({ boundObjectRef: { kind, apiVersion: "v1", name } });
  const tokens = {
    robot: await issue({}),
    pod: await issue(object("Pod", "p1")),
    node: await issue(object("Node", "n2")),
    secret: await issue(object("Secret", "legacy")),
    other: await issue({ audiences: ["other"] }),
    uid: account.metadata.uid,
  };
  // Authorizers follow what is written, a little later.
  await new Promise((settled) => setTimeout(settled, 500));
  return tokens;
}

const whoAmI = "/apis/authentication.k8s.io/v1/selfsubjectreviews";
const review = { kind: "SelfSubjectReview", apiVersion: "authentication.k8s.io/v1" };
const far = 4_000_000_000;

function identities(world: World, tokens: Readonly<Record<string, string>>): Cases {
  const who = (ask: Partial<Ask>): Ask => ({ path: whoAmI, body: review, ...ask });
  const good = { iss: world.issuer.url, aud: "cluster", exp: far, nbf: 1, sub: "s1", name: "jane", hd: "example.com", jti: "j1" };
  const mapped = {
    iss: world.second.url,
    aud: ["two", "three"],
    exp: far,
    nbf: 1,
    sub: "s2",
    email: "joe@example.com",
    email_verified: true,
    roles: ["r1", "", "r2"],
    tenant: { name: "t1" },
    level: 3,
  };
  const first = (claims: object, options?: { algorithm?: string; keyId?: string }): string =>
    world.issuer.token({ ...good, ...claims }, options);
  const second = (claims: object): string => world.second.token({ ...mapped, ...claims });
  const front = world.client("front-proxy", [], world.proxyCa);
  const upgrade = {
    connection: "Upgrade",
    upgrade: "websocket",
    "sec-websocket-version": "13",
    "sec-websocket-key": "AAAAAAAAAAAAAAAAAAAAAA==",
  };
  const webSocketToken = `base64url.bearer.authorization.k8s.io.${Buffer.from("tok-alice").toString("base64url")}`;
  const byToken: Record<string, string> = {
    "a token of the file": "tok-alice",
    "a token of the file without groups": "tok-bob",
    "a quoted token of the file": 'tok-"q',
    "an unknown token": "nobody",
    "a token with three parts that is none": "a.b.c",
    "a service account's token": tokens["robot"] as string,
    "a token bound to a pod": tokens["pod"] as string,
    "a token bound to a node": tokens["node"] as string,
    "a token bound to a secret": tokens["secret"] as string,
    "a token for another audience": tokens["other"] as string,
    "a token with a broken signature": `${tokens["robot"]?.slice(0, -6)}AAAAAA`,
    "a bootstrap token": "aaaaaa.0123456789abcdef",
    "a bootstrap token without groups": "dddddd.0123456789abcdef",
    "a bootstrap token that is over": "bbbbbb.0123456789abcdef",
    "a bootstrap token for other uses": "cccccc.0123456789abcdef",
    "a bootstrap token with another secret": "aaaaaa.fedcba9876543210",
    "a token that the webhook knows": "hook-user",
    "a token that the webhook finds fault with": "hook-error",
    "a token that the webhook knows for others": "hook-audience",
    "a token that the webhook knows at the second try": "hook-flaky",
    "a token that the webhook fails at": "hook-broken",
    "an issuer's token": first({}),
    "an issuer's token with groups": first({ groups: ["a", "b"] }),
    "an issuer's token with one group": first({ groups: "only" }),
    "an issuer's token with groups of another type": first({ groups: 3 }),
    "an issuer's token with a name of another type": first({ name: 3 }),
    "an issuer's token without a name": first({ name: undefined }),
    "an issuer's token without a subject": first({ sub: undefined }),
    "an issuer's token without a required claim": first({ hd: undefined }),
    "an issuer's token with another required claim": first({ hd: "example.net" }),
    "an issuer's token that is over": first({ exp: 1_000_000_000 }),
    "an issuer's token without an end": first({ exp: undefined }),
    "an issuer's token for another audience": first({ aud: "else" }),
    "an issuer's token for several audiences": first({ aud: ["else", "cluster"] }),
    "an issuer's token by an unknown key": first({}, { keyId: "nobody's" }),
    "an issuer's token without signature": first({}, { algorithm: "none" }),
    "an issuer's token by a shared secret": first({}, { algorithm: "HS256" }),
    "an issuer's token with distributed groups": first({
      _claim_names: { groups: "src" },
      _claim_sources: { src: { endpoint: `${world.issuer.url}/groups`, access_token: "for-groups" } },
    }),
    "an issuer's token with distributed groups that cannot be had": first({
      _claim_names: { groups: "src" },
      _claim_sources: { src: { endpoint: `${world.issuer.url}/nothing` } },
    }),
    "an issuer's token with a source that is not there": first({ _claim_names: { groups: "src" }, _claim_sources: {} }),
    "a token of an issuer that nobody knows": first({ iss: "https://other.example.org" }),
    "a mapped token": second({}),
    "a mapped token of another level": second({ level: 4 }),
    "a mapped token without roles": second({ roles: undefined }),
    "a mapped token with one role": second({ roles: "single" }),
    "a mapped token with numbers for roles": second({ roles: [1] }),
    "a mapped token without an address": second({ email: undefined }),
    "a mapped token without tenant": second({ tenant: undefined }),
    "a mapped token whose address is not verified": second({ email_verified: false }),
    "a mapped token that lives long": second({ exp: 9_000_000_000 }),
    "a mapped token of a reserved name": second({ email: "system:x@example.com" }),
    "a mapped token of a forbidden group": second({ roles: ["forbidden"] }),
    "a mapped token of an empty name": second({ email: "@example.com" }),
    "a mapped token for one of the audiences": second({ aud: "one" }),
    "a mapped token for none of the audiences": second({ aud: "zero" }),
  };
  for (const algorithm of ["RS384", "RS512", "ES256", "ES384", "ES512", "PS256", "PS384", "PS512"]) {
    byToken[`an issuer's token by ${algorithm}`] = first({}, { algorithm });
  }
  const tokenCases = Object.entries(byToken).flatMap(([name, token]): [string, Ask][] => [
    [`who: ${name}`, who({ token })],
    [
      `review: ${name}`,
      {
        path: "/apis/authentication.k8s.io/v1/tokenreviews",
        body: { kind: "TokenReview", apiVersion: "authentication.k8s.io/v1", spec: { token } },
        certificate: world.admin,
      },
    ],
  ]);
  const reviewOf = (spec: object): Ask => ({
    path: "/apis/authentication.k8s.io/v1/tokenreviews",
    body: { kind: "TokenReview", apiVersion: "authentication.k8s.io/v1", spec },
    certificate: world.admin,
  });
  return {
    ...Object.fromEntries(tokenCases),
    "review: another audience, asked for": reviewOf({ token: tokens["other"], audiences: ["other", "x"] }),
    "review: the server's token for another audience": reviewOf({ token: tokens["robot"], audiences: ["other"] }),
    "review: a file's token for another audience": reviewOf({ token: "tok-alice", audiences: ["other"] }),
    "review: an older issuer as audience": reviewOf({ token: "tok-alice", audiences: ["https://older.example.org", "x"] }),
    "review: the webhook's token for another audience": reviewOf({ token: "hook-audience", audiences: ["elsewhere"] }),
    "review: an issuer's token for another audience": reviewOf({ token: first({}), audiences: ["cluster"] }),
    "review: no token": reviewOf({}),
    "review: a token with a space inside": reviewOf({ token: "tok-alice and more" }),
    "who: a certificate": who({ certificate: world.client("jane", ["b", "a"]) }),
    "who: a certificate without a name": who({ certificate: world.client("", ["a"]) }),
    "who: a certificate of a stranger": who({ certificate: world.client("jane", [], world.proxyCa) }),
    "who: a stranger's certificate with a good token": who({ certificate: world.client("jane", [], world.proxyCa), token: "tok-alice" }),
    "who: a good certificate with a bad token": who({ certificate: world.client("jane"), token: "nobody" }),
    "who: nobody": who({}),
    "who: basic credentials": who({ headers: { authorization: "Basic YTpi" } }),
    "who: a bearer without token": who({ headers: { authorization: "Bearer" } }),
    "who: a bearer in small letters": who({ headers: { authorization: "bearer tok-alice" } }),
    "who: a bearer with two spaces": who({ headers: { authorization: "Bearer  tok-alice" }, certificate: world.client("jane") }),
    "who: a bearer with more behind": who({ headers: { authorization: "Bearer tok-alice more" } }),
    "anonymous: an open path": { path: "/livez" },
    "anonymous: another open path": { path: "/healthz" },
    "anonymous: a closed path": { path: "/readyz" },
    "anonymous: below an open path": { path: "/livez/ping" },
    "anonymous: a resource": { path: "/api/v1/pods" },
    "anonymous: an open path with a bad token": { path: "/livez", token: "nobody" },
    "proxy: a user": who({ certificate: front, headers: { "X-Remote-User": "remote", "X-Remote-Group": "g1" } }),
    "proxy: all of a user": who({
      certificate: front,
      headers: { "X-Remote-User": "remote", "X-Remote-Uid": "u9", "X-Remote-Group": "g1", "X-Remote-Extra-Scope%2fa": "s1" },
    }),
    "proxy: the second header": who({ certificate: front, headers: { "X-Other-User": "other" } }),
    "proxy: no user": who({ certificate: front, headers: { "X-Remote-Group": "g1" } }),
    "proxy: no user, but a token": who({ certificate: front, token: "tok-bob" }),
    "proxy: another name": who({
      certificate: world.client("else", [], world.proxyCa),
      headers: { "X-Remote-User": "remote" },
    }),
    "proxy: a user's certificate": who({ certificate: world.client("front-proxy"), headers: { "X-Remote-User": "remote" } }),
    "websocket: a token": who({ headers: { ...upgrade, "sec-websocket-protocol": `v4.channel.k8s.io, ${webSocketToken}` } }),
    "websocket: a token alone": who({ headers: { ...upgrade, "sec-websocket-protocol": webSocketToken } }),
    "websocket: a token, and no upgrade": who({ headers: { "sec-websocket-protocol": `v4.channel.k8s.io, ${webSocketToken}` } }),
  };
}

function accesses(world: World): Cases {
  const sar = (spec: object, kind = "SubjectAccessReview", certificate = world.admin): Ask => ({
    path:
      kind === "LocalSubjectAccessReview"
        ? "/apis/authorization.k8s.io/v1/namespaces/one/localsubjectaccessreviews"
        : `/apis/authorization.k8s.io/v1/${kind.toLowerCase()}s`,
    body: { kind, apiVersion: "authorization.k8s.io/v1", spec },
    certificate,
  });
  const may = (name: string, resourceAttributes: object, more: object = {}): Ask => sar({ user: name, resourceAttributes, ...more });
  const pods = { verb: "list", resource: "pods" };
  const node = { groups: ["system:nodes", "system:authenticated"] };
  const nodeMay = (name: string, attributes: object): Ask => may(`system:node:${name}`, attributes, node);
  return {
    "access: a role": may("alice", pods),
    "access: a role, another verb": may("alice", { ...pods, verb: "delete" }),
    "access: a role in one namespace": may("bob", { ...pods, namespace: "one" }),
    "access: a role in another namespace": may("bob", { ...pods, namespace: "two" }),
    "access: a service account": may("system:serviceaccount:one:robot", { ...pods, namespace: "one" }),
    "access: a binding without role": may("dangling", pods),
    "access: a path": sar({ user: "alice", nonResourceAttributes: { path: "/logs/a/b", verb: "get" } }),
    "access: another path": sar({ user: "alice", nonResourceAttributes: { path: "/log", verb: "get" } }),
    "access: a master": may("x", pods, { groups: ["system:masters"] }),
    "access: the webhook allows": may("hooked", pods),
    "access: the webhook is not asked of secrets": may("hooked", { verb: "list", resource: "secrets" }),
    "access: the webhook is not asked of paths": sar({ user: "hooked", nonResourceAttributes: { path: "/x", verb: "get" } }),
    "access: the webhook forbids": may("denied", pods),
    "access: the webhook contradicts itself": may("both", pods),
    "access: the webhook fails and is to deny": may("broken", pods),
    "access: the webhook shrugs": may("shrug", pods),
    "access: the webhook fails and is to be skipped": may("failing", pods),
    "access: a condition fails": may("x", pods, { groups: ["strange"] }),
    "access: a node's own pod": nodeMay("n1", { verb: "get", resource: "pods", namespace: "one", name: "p1" }),
    "access: another node's pod": nodeMay("n2", { verb: "get", resource: "pods", namespace: "one", name: "p1" }),
    "access: a config map of a node's pod": nodeMay("n1", { verb: "get", resource: "configmaps", namespace: "one", name: "seen" }),
    "access: a config map of nobody": nodeMay("n1", { verb: "get", resource: "configmaps", namespace: "one", name: "unseen" }),
    "access: a token for a node's pod": nodeMay("n1", {
      verb: "create",
      resource: "serviceaccounts",
      subresource: "token",
      namespace: "one",
      name: "robot",
    }),
    "access: all pods, by a node": nodeMay("n1", pods),
    "access: a node's pods": nodeMay("n1", {
      ...pods,
      fieldSelector: { requirements: [{ key: "spec.nodeName", operator: "In", values: ["n1"] }] },
    }),
    "access: a node's pods, by text": nodeMay("n1", { ...pods, fieldSelector: { rawSelector: "spec.nodeName=n1" } }),
    "access: another node's pods": nodeMay("n2", { ...pods, fieldSelector: { rawSelector: "spec.nodeName=n1" } }),
    "access: a node itself": nodeMay("n1", { verb: "get", resource: "nodes", name: "n1" }),
    "access: a node, another": nodeMay("n1", { verb: "get", resource: "nodes", name: "n2" }),
    "access: a lease": nodeMay("n1", {
      verb: "update",
      group: "coordination.k8s.io",
      resource: "leases",
      namespace: "kube-node-lease",
      name: "n1",
    }),
    "access: a node that has no name": may("system:node:", pods, node),
    "access: slices of a node": nodeMay("n1", {
      verb: "list",
      group: "resource.k8s.io",
      resource: "resourceslices",
      fieldSelector: { rawSelector: "spec.nodeName=n1" },
    }),
    "access: all slices": nodeMay("n1", { verb: "list", group: "resource.k8s.io", resource: "resourceslices" }),
    "access: an eviction by a node": nodeMay("n1", {
      verb: "create",
      resource: "pods",
      subresource: "eviction",
      namespace: "one",
      name: "p1",
    }),
    "wrong: nothing asked": sar({ user: "x" }),
    "wrong: both asked": sar({ user: "x", resourceAttributes: pods, nonResourceAttributes: { path: "/", verb: "get" } }),
    "wrong: nobody asks": sar({ resourceAttributes: pods }),
    "wrong: two selectors": may("x", {
      ...pods,
      fieldSelector: { rawSelector: "a=b", requirements: [{ key: "a", operator: "In", values: ["b"] }] },
    }),
    "wrong: no selector": may("x", { ...pods, labelSelector: {} }),
    "wrong: requirements": may("x", {
      ...pods,
      labelSelector: {
        requirements: [
          { key: "-", operator: "In" },
          { key: "a", operator: "Exists", values: ["!"] },
          { key: "b", operator: "New" },
        ],
      },
      fieldSelector: { requirements: [{ operator: "NotIn" }, { key: "x", operator: "DoesNotExist", values: ["y"] }] },
    }),
    "wrong: metadata": {
      ...sar({ user: "x", resourceAttributes: pods }),
      body: {
        kind: "SubjectAccessReview",
        apiVersion: "authorization.k8s.io/v1",
        metadata: { name: "n", labels: { a: "b" } },
        spec: { user: "x", resourceAttributes: pods },
      },
    },
    "selector: not to be read": may("alice", { ...pods, fieldSelector: { rawSelector: "a" }, labelSelector: { rawSelector: "(" } }),
    "selector: read in part": may("alice", {
      ...pods,
      fieldSelector: {
        requirements: [
          { key: "a", operator: "In", values: ["b"] },
          { key: "c", operator: "Exists" },
        ],
      },
      labelSelector: {
        requirements: [
          { key: "a", operator: "Exists" },
          { key: "c", operator: "New" },
        ],
      },
    }),
    "local: a role": sar({ user: "bob", resourceAttributes: { ...pods, namespace: "one" } }, "LocalSubjectAccessReview"),
    "local: another namespace": sar({ user: "bob", resourceAttributes: { ...pods, namespace: "two" } }, "LocalSubjectAccessReview"),
    "local: a path": sar({ user: "bob", nonResourceAttributes: { path: "/", verb: "get" } }, "LocalSubjectAccessReview"),
    "self: a role": sar({ resourceAttributes: { ...pods, namespace: "one" } }, "SelfSubjectAccessReview", world.client("bob")),
    "self: nothing": sar({}, "SelfSubjectAccessReview", world.client("bob")),
    "rules: a user": { ...sar({ namespace: "one" }, "SelfSubjectRulesReview"), certificate: world.client("bob") },
    "rules: a node": {
      ...sar({ namespace: "one" }, "SelfSubjectRulesReview"),
      certificate: world.client("system:node:n1", ["system:nodes"]),
    },
    "rules: no namespace": { ...sar({}, "SelfSubjectRulesReview"), certificate: world.client("bob") },
  };
}

function requests(world: World): Cases {
  const as = (name: string, ask: Ask, groups: readonly string[] = []): Ask => ({ certificate: world.client(name, groups), ...ask });
  const role = (name: string, rules: object[]): object => ({
    kind: "ClusterRole",
    apiVersion: "rbac.authorization.k8s.io/v1",
    metadata: { name },
    rules,
  });
  const binding = (name: string, roleName: string): object => ({
    metadata: { name },
    subjects: [user("x")],
    roleRef: bind("ClusterRole", roleName),
  });
  const secrets = rule(["get", "list"], ["secrets"]);
  const dry = "?dryRun=All";
  const imp = (headers: Record<string, string>, path = whoAmI): Ask =>
    as("imp", { path, headers, ...(path === whoAmI ? { body: review } : {}) });
  return {
    "do: allowed": as("alice", { path: "/api/v1/pods?limit=1" }),
    "do: a list": as("bob", { path: "/api/v1/pods" }),
    "do: a list in a namespace": as("bob", { path: "/api/v1/namespaces/two/pods" }),
    "do: a get": as("bob", { path: "/api/v1/namespaces/one/secrets/<x>&" }),
    "do: a subresource": as("bob", {
      path: "/api/v1/namespaces/one/pods/p1/status",
      method: "PATCH",
      headers: { "content-type": "application/merge-patch+json" },
    }),
    "do: a delete of all": as("bob", { path: "/apis/apps/v1/namespaces/one/deployments", method: "DELETE" }),
    "do: a path": as("bob", { path: "/metrics" }),
    "do: a path with a strange method": as("bob", { path: "/metrics", method: "PUT" }),
    "do: an unknown resource": as("bob", { path: "/apis/unknown/v1/things" }),
    "do: a dangling role": as("dangling", { path: "/api/v1/pods" }),
    "do: the webhook forbids": as("denied", { path: "/api/v1/pods" }),
    "do: the webhook contradicts itself": as("both", { path: "/api/v1/pods" }),
    "do: the webhook fails and is to deny": as("broken", { path: "/api/v1/pods?a=<b>" }),
    "do: the webhook fails and is to be skipped": as("failing", { path: "/api/v1/pods" }),
    "do: a condition fails": as("x", { path: "/api/v1/pods" }, ["strange"]),
    "escalate: rules that are held": as("editor", { path: `${rbac}/clusterroles${dry}`, body: role("held", [rule(["get"], ["pods"])]) }),
    "escalate: rules that are not held": as("editor", {
      path: `${rbac}/clusterroles${dry}`,
      body: role("more", [
        secrets,
        rule(["get", "delete"], ["pods"], { resourceNames: ["a", "b"] }),
        { nonResourceURLs: ["/x"], verbs: ["get"] },
      ]),
    }),
    "escalate: an aggregated role": as("editor", {
      path: `${rbac}/clusterroles${dry}`,
      body: { metadata: { name: "agg" }, aggregationRule: { clusterRoleSelectors: [{ matchLabels: { a: "b" } }] } },
    }),
    "escalate: a role in a namespace": as("editor", {
      path: `${rbac}/namespaces/one/roles${dry}`,
      body: { metadata: { name: "r" }, rules: [secrets] },
    }),
    "escalate: with the verb": as("escalator", { path: `${rbac}/clusterroles${dry}`, body: role("any", [secrets]) }),
    "escalate: an update": as("editor", { path: `${rbac}/clusterroles/reader${dry}`, method: "PUT", body: role("reader", [secrets]) }),
    "escalate: a patch": as("editor", {
      path: `${rbac}/clusterroles/reader${dry}`,
      method: "PATCH",
      body: { rules: [secrets] },
      headers: { "content-type": "application/merge-patch+json" },
    }),
    "escalate: an apply": as("editor", {
      path: `${rbac}/clusterroles/reader${dry}&fieldManager=t&force=true`,
      method: "PATCH",
      body: role("reader", [secrets]),
      headers: { "content-type": "application/apply-patch+yaml" },
    }),
    "bind: a role that is held": as("editor", { path: `${rbac}/clusterrolebindings${dry}`, body: binding("b1", "reader") }),
    "bind: a role that is not held": as("editor", { path: `${rbac}/clusterrolebindings${dry}`, body: binding("b2", "paths") }),
    "bind: a role that is not there": as("editor", { path: `${rbac}/clusterrolebindings${dry}`, body: binding("b3", "nothing") }),
    "bind: a role of the namespace that is not there": as("editor", {
      path: `${rbac}/namespaces/one/rolebindings${dry}`,
      body: { metadata: { name: "b4" }, subjects: [user("x")], roleRef: bind("Role", "nothing") },
    }),
    "bind: with the verb": as("binder", { path: `${rbac}/clusterrolebindings${dry}`, body: binding("b5", "view") }),
    "bind: with the verb for another role": as("binder", { path: `${rbac}/clusterrolebindings${dry}`, body: binding("b6", "edit") }),
    "impersonate: a user": imp({ "Impersonate-User": "bob" }),
    "impersonate: a user with all": imp({
      "Impersonate-User": "bob",
      "Impersonate-Uid": "i1",
      "Impersonate-Group": "dev",
      "Impersonate-Extra-Scopes": "s",
    }),
    "impersonate: another user": imp({ "Impersonate-User": "root" }),
    "impersonate: another group": imp({ "Impersonate-User": "bob", "Impersonate-Group": "system:masters" }),
    "impersonate: another extra": imp({ "Impersonate-User": "bob", "Impersonate-Extra-Else": "s" }),
    "impersonate: no user": imp({ "Impersonate-Group": "dev" }),
    "impersonate: no user, all else": imp({ "Impersonate-Uid": "i1", "Impersonate-Extra-Scopes": "s" }),
    "impersonate: a service account": imp({ "Impersonate-User": "system:serviceaccount:one:robot" }),
    "impersonate: a node": imp({ "Impersonate-User": "system:node:n1" }),
    "impersonate: nobody": imp({ "Impersonate-User": "system:anonymous" }),
    "impersonate: and what is done then": imp({ "Impersonate-User": "bob" }, "/api/v1/pods"),
    "impersonate: by a master": {
      path: whoAmI,
      body: review,
      certificate: world.admin,
      headers: { "Impersonate-User": "system:serviceaccount:one:robot" },
    },
    "impersonate: nobody, by a master": {
      path: whoAmI,
      body: review,
      certificate: world.admin,
      headers: { "Impersonate-User": "system:anonymous" },
    },
    "impersonate: somebody unknown, by a master": {
      path: whoAmI,
      body: review,
      certificate: world.admin,
      headers: { "Impersonate-User": "x", "Impersonate-Group": "system:unauthenticated" },
    },
    "token: too short": {
      path: "/api/v1/namespaces/one/serviceaccounts/robot/token",
      body: { spec: { expirationSeconds: 60 } },
      certificate: world.admin,
    },
    "token: too long": {
      path: "/api/v1/namespaces/one/serviceaccounts/robot/token",
      body: { spec: { expirationSeconds: 86_400 } },
      certificate: world.admin,
    },
    "token: a pod of another account": {
      path: "/api/v1/namespaces/one/serviceaccounts/default/token",
      body: { spec: { boundObjectRef: { kind: "Pod", apiVersion: "v1", name: "p1" } } },
      certificate: world.admin,
    },
    "token: a pod that is not there": {
      path: "/api/v1/namespaces/one/serviceaccounts/robot/token",
      body: { spec: { boundObjectRef: { kind: "Pod", apiVersion: "v1", name: "p2" } } },
      certificate: world.admin,
    },
    "token: another kind": {
      path: "/api/v1/namespaces/one/serviceaccounts/robot/token",
      body: { spec: { boundObjectRef: { kind: "Deployment", apiVersion: "apps/v1", name: "p2" } } },
      certificate: world.admin,
    },
    "token: a pod of another uid": {
      path: "/api/v1/namespaces/one/serviceaccounts/robot/token",
      body: { spec: { boundObjectRef: { kind: "Pod", apiVersion: "v1", name: "p1", uid: "x" } } },
      certificate: world.admin,
    },
    "token: an account of another uid": {
      path: "/api/v1/namespaces/one/serviceaccounts/robot/token",
      body: { metadata: { uid: "x" }, spec: {} },
      certificate: world.admin,
    },
    "token: another name": {
      path: "/api/v1/namespaces/one/serviceaccounts/robot/token",
      body: { metadata: { name: "x", namespace: "y" }, spec: {} },
      certificate: world.admin,
    },
    "keys: discovery": { path: "/.well-known/openid-configuration", certificate: world.admin },
  };
}

/** Every case; `tokens`: what {@link prepare} answered of the server. */
export function casesFor(world: World, tokens: Readonly<Record<string, string>>): Cases {
  return { ...identities(world, tokens), ...accesses(world), ...requests(world) };
}
