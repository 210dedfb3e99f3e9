import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { type CertificateAndKey, createCsr } from "../../src/host/pki.ts";
import { type Answer, type Ask, startOurs } from "./world.ts";

const requests = "/apis/certificates.k8s.io/v1/certificatesigningrequests";
const kubeletClient = "kubernetes.io/kube-apiserver-client-kubelet";
const clientUsages = ["digital signature", "client auth"];

interface Seen {
  readonly status: {
    readonly certificate?: string;
    readonly conditions?: readonly { readonly type: string; readonly reason: string; readonly message: string }[];
  };
}

void describe("certificates of the cluster", () => {
  let server: Awaited<ReturnType<typeof startOurs>>;
  let admin: CertificateAndKey;

  before(async () => {
    server = await startOurs(
      [
        "enable-bootstrap-token-auth=true",
        "runtime-config=certificates.k8s.io/v1beta1=true",
        "feature-gates=ClusterTrustBundle=true,ClusterTrustBundleProjection=true,PodCertificateRequest=true",
      ],
      true,
    );
    admin = server.pki.admin;
    await made({
      path: "/api/v1/namespaces/kube-system/secrets",
      body: {
        metadata: { name: "bootstrap-token-abcdef" },
        type: "bootstrap.kubernetes.io/token",
        stringData: { "token-id": "abcdef", "token-secret": "0123456789abcdef", "usage-bootstrap-authentication": "true" },
      },
    });
    for (const [name, role, group] of [
      ["ask", "system:node-bootstrapper", "system:bootstrappers"],
      ["approve", "system:certificates.k8s.io:certificatesigningrequests:nodeclient", "system:bootstrappers"],
      ["renew", "system:certificates.k8s.io:certificatesigningrequests:selfnodeclient", "system:nodes"],
    ]) {
      await made({
        path: "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
        body: {
          metadata: { name },
          roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: role },
          subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "Group", name: group }],
        },
      });
    }
  });
  after(() => server[Symbol.asyncDispose]());

  async function made(ask: Ask): Promise<void> {
    const answer = await server.ask({ certificate: admin, ...ask });
    assert.equal(answer.status, 201, JSON.stringify(answer.body));
  }

  function csr(name: string, request: string, more: object = {}): Ask {
    const spec = { request: Buffer.from(request).toString("base64"), signerName: kubeletClient, usages: clientUsages, ...more };
    return { path: requests, body: { metadata: { name }, spec } };
  }

  /** Reads the request until it is as wanted. */
  async function eventually(name: string, fits: (seen: Seen) => boolean): Promise<Seen> {
    for (let left = 200; ; left--) {
      const seen = (await server.ask({ path: `${requests}/${name}`, certificate: admin })).body as Seen;
      if (fits(seen) || left === 0) return seen;
      await new Promise((later) => setTimeout(later, 25));
    }
  }
  const issued = ({ status }: Seen): boolean => status.certificate !== undefined;

  async function decide(name: string, type: string): Promise<Answer> {
    const { body } = await server.ask({ path: `${requests}/${name}`, certificate: admin });
    const conditions = [{ type, status: "True", reason: "Test", message: "as the test wants" }];
    return server.ask({
      method: "PUT",
      path: `${requests}/${name}/approval`,
      body: { ...(body as object), status: { conditions } },
      certificate: admin,
    });
  }

  const certificateOf = ({ status }: Seen): X509Certificate => new X509Certificate(Buffer.from(status.certificate ?? "", "base64"));

  void test("a kubelet joins by a bootstrap token and renews by what it got", async () => {
    const { request, key } = createCsr({ commonName: "system:node:n9", organizations: ["system:nodes"] });
    await made({ ...csr("join", request), token: "abcdef.0123456789abcdef", certificate: undefined });
    const seen = await eventually("join", issued);
    assert.equal(seen.status.conditions?.[0]?.message, "Auto approving kubelet client certificate after SubjectAccessReview.");
    const certificate = Buffer.from(seen.status.certificate ?? "", "base64").toString("utf8");
    const who = await server.ask({
      path: "/apis/authentication.k8s.io/v1/selfsubjectreviews",
      body: {},
      certificate: { certificate, key },
    });
    const { userInfo } = (who.body as { status: { userInfo: { username: string; groups: string[] } } }).status;
    assert.deepEqual([userInfo.username, userInfo.groups], ["system:node:n9", ["system:nodes", "system:authenticated"]]);

    await made({ ...csr("renew", request, { expirationSeconds: 3600 }), certificate: { certificate, key } });
    const renewed = await eventually("renew", issued);
    assert.equal(renewed.status.conditions?.[0]?.message, "Auto approving self kubelet client certificate after SubjectAccessReview.");
    const { validFromDate, validToDate, keyUsage } = certificateOf(renewed);
    assert.equal(validToDate.getTime() - validFromDate.getTime(), 3_900_000, "an hour from now, good since five minutes ago");
    assert.deepEqual(keyUsage, ["1.3.6.1.5.5.7.3.2"]);
  });

  void test("who has no right to a kubelet's certificate waits for somebody who approves", async () => {
    const { request } = createCsr({ commonName: "system:node:n8", organizations: ["system:nodes"] });
    const robot = await server.ask({
      path: "/api/v1/namespaces/default/serviceaccounts/default/token",
      body: { spec: {} },
      certificate: admin,
    });
    const { token } = (robot.body as { status: { token: string } }).status;
    assert.equal((await server.ask({ ...csr("refused", request), token })).status, 403);
    await made({
      path: "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
      body: {
        metadata: { name: "robots-ask" },
        roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "system:node-bootstrapper" },
        subjects: [{ kind: "ServiceAccount", namespace: "default", name: "default" }],
      },
    });
    await made({ ...csr("plain", request), token, certificate: undefined });
    await new Promise((later) => setTimeout(later, 300));
    assert.deepEqual((await eventually("plain", () => true)).status, {});
    assert.equal((await decide("plain", "Approved")).status, 200);
    assert.ok(issued(await eventually("plain", issued)));
  });

  void test("a denied request is signed no more, and cannot be approved", async () => {
    await made(csr("denied", createCsr({ commonName: "x" }).request, { signerName: "kubernetes.io/kube-apiserver-client" }));
    assert.equal((await decide("denied", "Denied")).status, 200);
    const again = await decide("denied", "Approved");
    assert.equal(again.status, 422);
    assert.match(JSON.stringify(again.body), /status\.conditions/);
  });

  void test("an approved request that its signer does not give fails", async () => {
    await made(
      csr("strange", createCsr({ commonName: "x" }).request, {
        signerName: "kubernetes.io/kubelet-serving",
        usages: ["digital signature", "server auth"],
      }),
    );
    await decide("strange", "Approved");
    const seen = await eventually("strange", ({ status }) => (status.conditions?.length ?? 0) > 1);
    const failed = seen.status.conditions?.[1];
    assert.deepEqual([failed?.type, failed?.reason], ["Failed", "SignerValidationFailure"]);
  });

  void test("a serving certificate of a kubelet has its names", async () => {
    const { request } = createCsr({
      commonName: "system:node:n9",
      organizations: ["system:nodes"],
      sans: ["n9.example.com", "10.0.0.9"],
    });
    await made(csr("serving", request, { signerName: "kubernetes.io/kubelet-serving", usages: ["digital signature", "server auth"] }));
    await decide("serving", "Approved");
    const certificate = certificateOf(await eventually("serving", issued));
    assert.equal(certificate.subjectAltName, "DNS:n9.example.com, IP Address:10.0.0.9");
    assert.ok(certificate.checkIssued(new X509Certificate(server.pki.ca.certificate)));
  });

  void test("a signer of its own leaves signing to whoever does it", async () => {
    await made(csr("own", createCsr({ commonName: "x" }).request, { signerName: "example.com/own" }));
    await decide("own", "Approved");
    const { body } = await server.ask({ path: `${requests}/own`, certificate: admin });
    const status = { ...(body as Seen).status, certificate: Buffer.from(server.pki.ca.certificate).toString("base64") };
    const put = (value: object): Promise<Answer> =>
      server.ask({ method: "PUT", path: `${requests}/own/status`, body: { ...(body as object), status: value }, certificate: admin });
    assert.equal((await put({ ...status, certificate: Buffer.from("no").toString("base64") })).status, 422);
    assert.equal((await put(status)).status, 200);
    const changed = { ...status, certificate: Buffer.from(server.pki.admin.certificate).toString("base64") };
    assert.equal((await put(changed)).status, 409, "of another version");
  });

  void test("who signs the server's own certificate is published", async () => {
    const path =
      "/apis/certificates.k8s.io/v1beta1/clustertrustbundles?fieldSelector=spec.signerName%3Dkubernetes.io/kube-apiserver-serving";
    interface Bundles {
      readonly items: readonly { readonly metadata: { readonly name: string }; readonly spec: { readonly trustBundle: string } }[];
    }
    let items: Bundles["items"] = [];
    for (let left = 200; items.length === 0 && left > 0; left--) {
      ({ items } = (await server.ask({ path, certificate: admin })).body as Bundles);
      await new Promise((later) => setTimeout(later, 25));
    }
    assert.match(items[0]?.metadata.name ?? "", /^kubernetes\.io:kube-apiserver-serving:/);
    assert.equal(items[0]?.spec.trustBundle.trim(), server.pki.ca.certificate.trim());
  });
});
