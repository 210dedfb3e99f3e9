/** Trust bundles and certificates of pods, which are served where their gates are on. */
import { createPublicKey, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { type CertificateAndKey, createCa, createCsr, issueCertificate, keyPem } from "../../src/host/pki.ts";
import type { Cases } from "./cases.ts";
import type { Ask, AskedServer, World } from "./world.ts";

export function gatedFlags(world: World): readonly string[] {
  return [
    ...world.flags.filter((flag) => /^(client-ca-file|service-account-)/.test(flag) && !/max-token|older/.test(flag)),
    "authorization-mode=RBAC",
    "runtime-config=certificates.k8s.io/v1beta1=true",
    "feature-gates=ClusterTrustBundle=true,ClusterTrustBundleProjection=true,PodCertificateRequest=true",
  ];
}

const path = "/apis/certificates.k8s.io/v1beta1";
const requests = `${path}/namespaces/default/podcertificaterequests`;
const subject = { signerName: "example.com/s", podName: "p", podUID: "u1", serviceAccountName: "a", serviceAccountUID: "u2" };
const whole = { ...subject, nodeName: "n", nodeUID: "u3", maxExpirationSeconds: 7200 };

const der = (pem: string): Buffer => Buffer.from(pem.replace(/-----[^-]+-----|\s/g, ""), "base64");
const spki = (key: KeyObject): string => createPublicKey(key).export({ type: "spki", format: "der" }).toString("base64");

const authority = createCa({ commonName: "signer" });
const own = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
const stub = der(createCsr({ commonName: "", key: keyPem(own) }).request).toString("base64");

/** Makes what the cases speak of. */
export async function prepareGated(server: AskedServer, world: World): Promise<void> {
  const make = async (at: string, body: object): Promise<void> => {
    const answer = await server.ask({ path: at, body, certificate: world.admin });
    if (answer.status !== 201) throw new Error(`${at}: ${JSON.stringify(answer)}`);
  };
  await make("/api/v1/namespaces", { metadata: { name: "default" } }).catch(() => undefined);
  await make(`${path}/clustertrustbundles`, { metadata: { name: "there" }, spec: { trustBundle: authority.certificate } });
  for (const name of ["open", "denied", "issued"]) {
    await make(requests, { metadata: { name }, spec: { ...whole, stubPKCS10Request: stub } });
  }
  const rules = [
    {
      apiGroups: ["certificates.k8s.io"],
      resources: ["podcertificaterequests", "podcertificaterequests/status"],
      verbs: ["get", "update", "patch"],
    },
  ];
  await make("/apis/rbac.authorization.k8s.io/v1/clusterroles", { metadata: { name: "status" }, rules });
  await make("/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", {
    metadata: { name: "status" },
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "status" },
    subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "User", name: "writer" }],
  });
}

export function gatedCases(world: World): Cases {
  const admin = world.admin;
  const bundle = (name: string, spec: object): Ask => ({
    path: `${path}/clustertrustbundles`,
    body: { metadata: { name }, spec },
    certificate: admin,
  });
  const request = (name: string, spec: object): Ask => ({ path: requests, body: { metadata: { name }, spec }, certificate: admin });
  const patch = (at: string, body: object, certificate: CertificateAndKey = admin): Ask => ({
    method: "PATCH",
    path: `${path}/${at}`,
    body,
    certificate,
    headers: { "content-type": "application/merge-patch+json" },
  });
  const answer = (name: string, status: object, certificate?: CertificateAndKey): Ask =>
    patch(`namespaces/default/podcertificaterequests/${name}/status`, { status }, certificate);
  const condition = (type: string, more: object = {}): object => ({
    type,
    status: "True",
    reason: "R",
    message: "m",
    lastTransitionTime: "2026-01-01T00:00:00Z",
    ...more,
  });
  const ca = authority.certificate;
  const ec = (namedCurve: string): KeyObject => generateKeyPairSync("ec", { namedCurve }).privateKey;
  const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey;
  const ed = generateKeyPairSync("ed25519").privateKey;
  const broken = Buffer.from(stub, "base64");
  broken[broken.length - 5] = (broken[broken.length - 5] ?? 0) ^ 0xff;
  const now = new Date(Math.floor(Date.now() / 1000) * 1000);
  const later = (ms: number): string => `${new Date(now.getTime() + ms).toISOString().slice(0, 19)}Z`;
  const chain = issueCertificate(authority, { commonName: "p", usages: ["client"] }).certificate;
  const dates = { notBefore: later(0), notAfter: later(3_600_000), beginRefreshAt: later(1_800_000) };
  return {
    "bundle: good": bundle("good", { trustBundle: ca }),
    "bundle: of a signer": bundle("example.com:s:one", { signerName: "example.com/s", trustBundle: ca }),
    "bundle: of a signer under another name": bundle("one", { signerName: "example.com/s", trustBundle: ca }),
    "bundle: colon without signer": bundle("a:b", { trustBundle: ca }),
    "bundle: bad signer": bundle("bad:s", { signerName: "bad", trustBundle: ca }),
    "bundle: nothing": bundle("nothing", { trustBundle: "text" }),
    "bundle: empty": bundle("nothing", { trustBundle: "" }),
    "bundle: twice": bundle("twice", { trustBundle: ca + ca }),
    "bundle: other block": bundle("other", { trustBundle: `-----BEGIN X-----\nAAAA\n-----END X-----\n${ca}` }),
    "bundle: headers": bundle("headers", { trustBundle: ca.replace("-----\n", "-----\na: b\n\n") }),
    "bundle: no certificate": bundle("none", { trustBundle: "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n" }),
    "bundle: no authority": bundle("leaf", { trustBundle: world.admin.certificate }),
    "bundle: another signer later": patch("clustertrustbundles/there", { spec: { signerName: "example.com/s" } }),
    "bundle: bad contents later": patch("clustertrustbundles/there", { spec: { trustBundle: "x" } }),
    "bundle: selected by signer": {
      path: `${path}/clustertrustbundles?fieldSelector=spec.signerName%3Dnone.example/x`,
      certificate: admin,
    },
    "request: stub": request("stub", { ...whole, stubPKCS10Request: stub }),
    "request: default life": request("life", { ...whole, maxExpirationSeconds: undefined, stubPKCS10Request: stub }),
    "request: nothing": request("nothing", {}),
    "request: neither": request("neither", whole),
    "request: bad names": request("names", {
      ...whole,
      podName: "P",
      nodeName: "",
      serviceAccountUID: "x".repeat(129),
      stubPKCS10Request: stub,
    }),
    "request: short life": request("short", { ...whole, maxExpirationSeconds: 60, stubPKCS10Request: stub }),
    "request: long life of a kubernetes signer": request("long", {
      ...whole,
      signerName: "kubernetes.io/x",
      maxExpirationSeconds: 100_000,
      stubPKCS10Request: stub,
    }),
    "request: annotations": request("annotations", {
      ...whole,
      unverifiedUserAnnotations: { plain: "x", "example.org/A": "b" },
      stubPKCS10Request: stub,
    }),
    "request: no request": request("no", { ...whole, stubPKCS10Request: "AAAA" }),
    "request: other signature": request("signature", { ...whole, stubPKCS10Request: broken.toString("base64") }),
    "request: stub of a weak key": request("weak", {
      ...whole,
      stubPKCS10Request: der(createCsr({ commonName: "", key: keyPem(rsa) }).request).toString("base64"),
    }),
    "request: proof": request("proof", {
      ...whole,
      pkixPublicKey: spki(ed),
      proofOfPossession: sign(null, Buffer.from("u1"), ed).toString("base64"),
    }),
    "request: proof by an elliptic key": request("elliptic", {
      ...whole,
      pkixPublicKey: spki(own),
      proofOfPossession: sign("sha256", Buffer.from("u1"), own).toString("base64"),
    }),
    "request: wrong proof": request("wrong", { ...whole, pkixPublicKey: spki(ed), proofOfPossession: "AAAA" }),
    "request: weak key": request("weaker", { ...whole, pkixPublicKey: spki(rsa), proofOfPossession: "AAAA" }),
    "request: weak curve": request("curve", { ...whole, pkixPublicKey: spki(ec("secp224r1")), proofOfPossession: "AAAA" }),
    "request: no key": request("nokey", { ...whole, pkixPublicKey: "AAAA", proofOfPossession: "AAAA" }),
    "request: both": request("both", { ...whole, stubPKCS10Request: stub, pkixPublicKey: "AAAA", proofOfPossession: "AAAA" }),
    "answer: strange condition": answer("open", { conditions: [condition("Other")] }),
    "answer: two ends": answer("open", { conditions: [condition("Denied"), condition("Failed", { status: "False" })] }),
    "answer: no end": answer("open", { certificateChain: "x" }),
    "answer: denied with a certificate": answer("open", { conditions: [condition("Denied")], certificateChain: "x" }),
    "answer: issued without anything": answer("open", { conditions: [condition("Issued")] }),
    "answer: issued for another key": answer("open", { conditions: [condition("Issued")], certificateChain: chain, ...dates }),
    "answer: other block": answer("open", {
      conditions: [condition("Issued")],
      certificateChain: "-----BEGIN X-----\nAAAA\n-----END X-----\n",
      ...dates,
    }),
    "answer: without the right to sign": answer("open", { conditions: [condition("Denied")] }, world.client("writer")),
    "answer: denied": answer("denied", { conditions: [condition("Denied")] }),
    "answer: after the end": answer("denied", { conditions: [condition("Denied", { reason: "S" })] }),
    "request: changed": patch("namespaces/default/podcertificaterequests/open", { metadata: { labels: { a: "b" } } }),
    "request: selected": { path: `${path}/podcertificaterequests?fieldSelector=spec.nodeName%3Dnone,spec.podName%3Dx`, certificate: admin },
    "request: selected by another field": { path: `${path}/podcertificaterequests?fieldSelector=spec.podUID%3Dx`, certificate: admin },
  };
}
