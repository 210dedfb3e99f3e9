/** Servers that review tokens and accesses over real HTTPS, and remember what they were asked. */
import { writeFileSync } from "node:fs";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { type CertificateAndKey, issueCertificate } from "../../src/host/pki.ts";

export interface ReviewServer extends AsyncDisposable {
  readonly url: string;
  /** Bodies, in order. */
  readonly asked: Record<string, unknown>[];
  /** Writes a kubeconfig that leads here. */
  kubeconfig(file: string): void;
}

type Answer = { readonly code?: number; readonly status?: unknown };

/** `answer`: what the review's status is to be, or the code of a failure. */
export async function startReviewServer(
  ca: CertificateAndKey,
  answer: (spec: Record<string, unknown>, asked: number) => Answer,
): Promise<ReviewServer> {
  const serving = issueCertificate(ca, { commonName: "webhook", sans: ["127.0.0.1"], usages: ["server"] });
  const asked: Record<string, unknown>[] = [];
  const server = createServer({ cert: serving.certificate, key: serving.key }, (request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const review = JSON.parse(Buffer.concat(chunks).toString("utf8")) as Record<string, unknown>;
      asked.push(review);
      const { code = 200, status } = answer(review["spec"] as Record<string, unknown>, asked.length);
      response.writeHead(code, { "content-type": "application/json" });
      response.end(code === 200 ? JSON.stringify({ apiVersion: review["apiVersion"], kind: review["kind"], status }) : "no");
    });
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}/review`;
  return {
    url,
    asked,
    kubeconfig: (file) =>
      writeFileSync(
        file,
        JSON.stringify({
          apiVersion: "v1",
          kind: "Config",
          clusters: [{ name: "c", cluster: { server: url, "certificate-authority-data": Buffer.from(ca.certificate).toString("base64") } }],
          users: [{ name: "u", user: {} }],
          contexts: [{ name: "x", context: { cluster: "c", user: "u" } }],
          "current-context": "x",
        }),
      ),
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise<void>((closed) => server.close(() => closed()));
    },
  };
}
