import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { casesFor, prepare } from "./cases.ts";
import { normal } from "./compare.ts";
import { type Answer, type AskedServer, startOurs, startWorld, type World } from "./world.ts";

const recorded = JSON.parse(readFileSync(new URL("recorded.json", import.meta.url), "utf8")) as Record<string, unknown>;
const whoAmI = { path: "/apis/authentication.k8s.io/v1/selfsubjectreviews", body: {} };

/** Asks until the answer is as wanted; files are looked at a moment after they change. */
async function eventually(ask: () => Promise<Answer>, fits: (answer: Answer) => boolean): Promise<Answer> {
  for (let left = 200; ; left--) {
    const answer = await ask();
    if (fits(answer) || left === 0) return answer;
    await new Promise((later) => setTimeout(later, 50));
  }
}

const nameOf = ({ body }: Answer): string =>
  (body as { status?: { userInfo?: { username?: string } } }).status?.userInfo?.username ?? "nobody";

void describe("a server with every kind of credential and authorizer", () => {
  let world: World;
  let server: AskedServer;
  let cases: ReturnType<typeof casesFor>;

  before(async () => {
    world = await startWorld();
    server = await startOurs(world.flags);
    cases = casesFor(world, await prepare(server, world));
  });
  after(async () => {
    await server[Symbol.asyncDispose]();
    await world[Symbol.asyncDispose]();
  });

  for (const name of Object.keys(recorded)) {
    void test(`answers as upstream's: ${name}`, async () => {
      const ask = cases[name];
      assert.ok(ask !== undefined, "recorded, but asked no more: record anew");
      assert.deepEqual(normal(await server.ask(ask)), recorded[name]);
    });
  }

  void test("every case is recorded", () => {
    assert.deepEqual(
      Object.keys(cases).filter((name) => !(name in recorded)),
      [],
    );
  });

  void test("a token by a new key of the issuer is good as soon as the key is published", async () => {
    const claims = { iss: world.issuer.url, aud: "cluster", exp: 4_000_000_000, sub: "s", name: "rotated", hd: "example.com" };
    world.issuer.rotate();
    const token = world.issuer.token(claims);
    assert.equal(nameOf(await server.ask({ ...whoAmI, token })), "oidc:rotated");
    const { fetches } = world.issuer;
    const again = world.issuer.token({ ...claims, name: "again" });
    assert.equal(nameOf(await server.ask({ ...whoAmI, token: again })), "oidc:again");
    assert.equal(world.issuer.fetches, fetches, "known keys are not fetched again");
  });

  void test("the webhooks were asked as upstream asks them, and answers are remembered", async () => {
    const before = world.accessWebhook.asked.length;
    const ask = {
      path: "/api/v1/namespaces/one/pods?fieldSelector=spec.nodeName%3Dn1&labelSelector=a+in+(b,c),!d",
      certificate: world.client("hooked", ["g"]),
    };
    assert.equal((await server.ask(ask)).status, 200);
    assert.equal((await server.ask(ask)).status, 200);
    const asked = world.accessWebhook.asked.slice(before);
    // The fingerprint differs from certificate to certificate, so each connection's is another user.
    assert.equal(asked.length, 1);
    const [review] = asked as [{ spec: { extra?: object } }];
    delete review.spec.extra;
    assert.deepEqual(review, {
      kind: "SubjectAccessReview",
      apiVersion: "authorization.k8s.io/v1",
      metadata: {},
      spec: {
        resourceAttributes: {
          namespace: "one",
          verb: "list",
          version: "v1",
          resource: "pods",
          fieldSelector: { requirements: [{ key: "spec.nodeName", operator: "In", values: ["n1"] }] },
          labelSelector: {
            requirements: [
              { key: "a", operator: "In", values: ["b", "c"] },
              { key: "d", operator: "DoesNotExist" },
            ],
          },
        },
        user: "hooked",
        groups: ["g", "system:authenticated"],
      },
      status: { allowed: false },
    });
    const first = world.tokenWebhook.asked.find((r) => (r["spec"] as { token: string }).token === "hook-user");
    assert.deepEqual(first, {
      kind: "TokenReview",
      apiVersion: "authentication.k8s.io/v1",
      metadata: {},
      spec: { token: "hook-user", audiences: ["https://kubernetes.default.svc.cluster.local", "https://older.example.org"] },
      status: { user: {} },
    });
  });

  void test("another authentication configuration counts once it is whole; a bad one changes nothing", async () => {
    const path = join(world.dir, "authentication.yaml");
    const good = readFileSync(path, "utf8");
    const claims = { iss: world.issuer.url, aud: "cluster", exp: 4_000_000_000, sub: "s", hd: "example.com" };
    const ask = (name: string): Promise<Answer> => server.ask({ ...whoAmI, token: world.issuer.token({ ...claims, name, jti: name }) });
    writeFileSync(path, good.replace('username: {claim: name, prefix: "oidc:"}', "username: {claim: name}"));
    assert.equal(nameOf(await ask("kept")), "oidc:kept");
    writeFileSync(path, good.replace('prefix: "oidc:"}', 'prefix: "new:"}'));
    let n = 0;
    const changed = await eventually(
      () => ask(`user${n++}`),
      (answer) => nameOf(answer).startsWith("new:"),
    );
    assert.match(nameOf(changed), /^new:/);
  });

  void test("another authorization configuration counts; one that lacks an authorizer does not", async () => {
    const path = join(world.dir, "authorization.yaml");
    const good = readFileSync(path, "utf8");
    const asDenied = { path: "/version", certificate: world.client("denied") };
    const list = { path: "/api/v1/namespaces/one/pods", certificate: world.client("denied") };
    assert.equal((await server.ask(asDenied)).status, 200);
    assert.match(JSON.stringify((await server.ask(list)).body), /the webhook forbids it/);
    writeFileSync(path, good.replace(/- type: RBAC\n {2}name: rbac\n/, ""));
    const failed = 'apiserver_authorization_config_controller_automatic_reloads_total{status="failure"';
    const metrics = await eventually(
      () => server.ask({ path: "/metrics", certificate: world.admin }),
      ({ body }) => (body as string).includes(failed),
    );
    assert.ok((metrics.body as string).includes(failed));
    assert.match(JSON.stringify((await server.ask(list)).body), /the webhook forbids it/);
    writeFileSync(path, good.replace('"denied", ', ""));
    const answer = await eventually(
      () => server.ask(list),
      ({ body }) => !JSON.stringify(body).includes("webhook"),
    );
    assert.equal(answer.status, 403);
    assert.doesNotMatch(JSON.stringify(answer.body), /webhook/);
  });

  void test("an authority that is added to the file is believed from then on", async () => {
    const path = join(world.dir, "ca.crt");
    const certificate = world.client("newcomer", [], world.proxyCa);
    assert.equal((await server.ask({ ...whoAmI, certificate })).status, 401);
    writeFileSync(path, `${readFileSync(path, "utf8")}${world.proxyCa.certificate}`);
    const answer = await eventually(
      () => server.ask({ ...whoAmI, certificate }),
      ({ status }) => status === 201,
    );
    assert.equal(nameOf(answer), "newcomer");
  });

  void test("authentication and authorization are measured under upstream's names", async () => {
    const { body } = await server.ask({ path: "/metrics", certificate: world.admin });
    for (const line of [
      'authentication_attempts{result="error"}',
      'authenticated_user_requests{username="other"}',
      'authorization_attempts_total{result="denied"}',
      'apiserver_authorization_decisions_total{type="RBAC",name="rbac",decision="allowed"}',
      'apiserver_authorization_webhook_evaluations_total{name="first",result="success"}',
      'apiserver_authorization_match_condition_evaluation_errors_total{type="Webhook",name="last"}',
      'apiserver_authentication_config_controller_automatic_reloads_total{status="success"',
      'apiserver_authorization_config_controller_automatic_reloads_total{status="failure"',
      'apiserver_authentication_jwt_authenticator_latency_seconds_count{result="failure"',
      'apiserver_impersonation_attempts_total{mode="legacy",decision="allowed"}',
      "apiserver_client_certificate_expiration_seconds_count",
    ]) {
      assert.ok((body as string).includes(line), line);
    }
  });
});
