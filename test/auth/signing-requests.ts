/** Certificate signing requests, from what nobody takes to what is approved and answered. */
import { createCa, createCsr, issueCertificate } from "../../src/host/pki.ts";
import type { Cases } from "./cases.ts";
import { gatedFlags } from "./gated-certificates.ts";
import type { Ask, World } from "./world.ts";

const path = "/apis/certificates.k8s.io/v1/certificatesigningrequests";
const base64 = (text: string): string => Buffer.from(text).toString("base64");

function pem(der: Buffer, type = "CERTIFICATE REQUEST"): string {
  return `-----BEGIN ${type}-----\n${der.toString("base64").replace(/.{64}/g, "$&\n")}\n-----END ${type}-----\n`;
}

export function signingFlags(world: World): readonly string[] {
  return gatedFlags(world).filter((flag) => !/^(?:runtime-config|feature-gates)=/.test(flag));
}

/** In this order: later ones change what earlier ones have made. */
export function signingCases(world: World): Cases {
  const certificate = world.admin;
  const good = createCsr({ commonName: "x", organizations: ["o"], sans: ["a.b", "1.2.3.4"] }).request;
  const leaf = issueCertificate(createCa({ commonName: "c" }), { commonName: "x", usages: ["client"] }).certificate;
  const der = Buffer.from(good.replace(/-----[^-]+-----|\s/g, ""), "base64");
  const forged = Buffer.from(der);
  forged[forged.length - 4] = (forged[forged.length - 4] ?? 0) ^ 0xff;
  const whole = { request: base64(good), signerName: "example.com/x", usages: ["client auth"] };
  const create = (name: string, spec: object = {}, more: object = {}): Ask => ({
    path,
    body: { metadata: { name }, spec: { ...whole, ...spec }, ...more },
    certificate,
  });
  const asking = (text: string): Ask => create("asking", { request: base64(text) });
  const signer = (signerName: string): Ask => create("signer", { signerName });
  const patch = (name: string, subresource: string, body: object): Ask => ({
    method: "PATCH",
    path: `${path}/${name}${subresource}`,
    body,
    certificate,
    headers: { "content-type": "application/merge-patch+json" },
  });
  const condition = (type: string, more: object = {}): object => ({ type, status: "True", reason: "R", message: "m", ...more });
  const verdict = (...conditions: object[]): Ask => patch("good", "/approval", { status: { conditions } });
  const answer = (text: string): Ask => patch("good", "/status", { status: { certificate: base64(text) } });
  const failed = (subresource: string, ...conditions: object[]): Ask => patch("failed", subresource, { status: { conditions } });
  return {
    good: create("good"),
    "good, too": create("failed"),
    "of another key": asking(pem(forged)),
    "cut off": asking(pem(der.subarray(0, der.length - 10))),
    "more behind": asking(pem(Buffer.concat([der, Buffer.from([0])]))),
    "another kind of block": asking(pem(der, "NEW CERTIFICATE REQUEST")),
    "a certificate": asking(leaf),
    "no PEM": asking("hello"),
    "no DER": asking(pem(Buffer.from("hello world"))),
    nothing: create("nothing", { request: undefined }),
    empty: create("empty", { request: "" }),
    two: create("two", { request: base64(good + good) }),
    "text before": create("before", { request: base64(`hi\n${good}`) }),
    "no usages": create("usages", { usages: [] }),
    "an unknown usage": create("usages", { usages: ["x", "client auth"] }),
    "a usage twice": create("usages", { usages: ["client auth", "client auth"] }),
    "short life": create("life", { expirationSeconds: 599 }),
    "negative life": create("life", { expirationSeconds: -1 }),
    "legacy signer": signer("kubernetes.io/legacy-unknown"),
    "no signer": signer(""),
    "signer of three parts": signer("a/b/c"),
    "signer in capitals": signer("A.b/c"),
    "signer of no domain": signer("ab/c"),
    "signer without a name": signer("a.b/"),
    "long signer": signer(`a.b/${"c".repeat(600)}`),
    "who asks is not for the client to say": create("who", {
      username: "other",
      groups: ["system:masters"],
      uid: "1",
      extra: { a: ["b"] },
    }),
    "a status from the start": create("early", {}, { status: { certificate: base64(leaf), conditions: [condition("Approved")] } }),
    "another request later": patch("good", "", { spec: { request: base64(leaf) } }),
    "a verdict by the wrong way": patch("good", "", { status: { conditions: [condition("Approved")] } }),
    "a verdict in the status": patch("good", "/status", { status: { conditions: [condition("Approved")] } }),
    "both verdicts": verdict(condition("Approved"), condition("Denied")),
    "no verdict": verdict(condition("Approved", { status: "False" })),
    "a verdict twice": verdict(condition("Approved"), condition("Approved")),
    "a verdict without a type": verdict(condition("")),
    "a verdict without a status": verdict(condition("Other", { status: "" })),
    "a certificate with the verdict": patch("good", "/approval", { status: { certificate: base64(leaf) } }),
    approved: verdict(condition("Approved")),
    "approved no more": verdict(),
    "approved for another reason": verdict(condition("Approved", { reason: "S" })),
    "denied after all": verdict(condition("Approved"), condition("Denied")),
    "approval taken away in the status": patch("good", "/status", { status: { conditions: [] } }),
    "answered with no PEM": answer("x"),
    "answered with a request": answer(good),
    "answered with headers": answer(leaf.replace("-----\n", "-----\na: b\n\n")),
    "answered with no certificate": answer(pem(Buffer.from("hi"), "CERTIFICATE")),
    answered: answer(`${leaf}trailing`),
    "answered again": answer(leaf),
    "answer taken back": patch("good", "/status", { status: { certificate: null } }),
    failed: failed("/status", condition("Failed")),
    "failed no more": failed("/status"),
    "denied after it failed": failed("/approval", condition("Failed"), condition("Denied")),
    labelled: patch("failed", "", { metadata: { labels: { a: "b" } } }),
    "labelled with the verdict": patch("failed", "/approval", { metadata: { labels: { a: "c" } } }),
    "selected by signer": { path: `${path}?fieldSelector=spec.signerName%3Dexample.com/y`, certificate },
    "selected by who asks": { path: `${path}?fieldSelector=spec.username%3Dx`, certificate },
  };
}
