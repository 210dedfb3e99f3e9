/** A webhook server of a test: HTTPS with a certificate of its own authority, answering by path. */
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { createCa, issueCertificate } from "../../src/host/pki.ts";

const ca = createCa({ commonName: "webhooks-ca" });
const serving = issueCertificate(ca, { commonName: "webhooks", sans: ["127.0.0.1", "hook.default.svc"], usages: ["server"] });

/** The AdmissionReview's (or ConversionReview's) request. */
export interface Asked {
  readonly uid: string;
  readonly [field: string]: unknown;
}

/** What the webhook answers: the response's fields but uid, or `raw` text with a status. */
export type Answered = Record<string, unknown> & { raw?: string; status_code?: number };

export interface WebhookServer extends AsyncDisposable {
  readonly port: number;
  readonly caBundle: string;
  /** `clientConfig` of a webhook whose calls `answer` answers. */
  serve(path: string, answer: (request: Asked) => Answered | Promise<Answered>): { url: string; caBundle: string };
  /** The Authorization headers so far. */
  readonly authorizations: string[];
  /** Every request so far, by path. */
  readonly asked: Map<string, Asked[]>;
}

export async function startWebhookServer(): Promise<WebhookServer> {
  const answers = new Map<string, (request: Asked) => Answered | Promise<Answered>>();
  const asked = new Map<string, Asked[]>();
  const authorizations: string[] = [];
  const server = createServer({ cert: serving.certificate, key: serving.key }, (request, response) => {
    authorizations.push(request.headers.authorization ?? "");
    let body = "";
    request.on("data", (chunk: Buffer) => (body += chunk.toString("utf8")));
    request.on("end", () => {
      const path = (request.url ?? "").split("?")[0] as string;
      const review = JSON.parse(body) as { apiVersion: string; kind: string; request: Asked };
      asked.set(path, [...(asked.get(path) ?? []), review.request]);
      void Promise.resolve(answers.get(path)?.(review.request) ?? { raw: "404 page not found", status_code: 404 }).then((answered) => {
        const { raw, status_code: code = 200, ...fields } = answered;
        const whole = { apiVersion: review.apiVersion, kind: review.kind, response: { uid: review.request.uid, ...fields } };
        response.writeHead(code, { "content-type": raw === undefined ? "application/json" : "text/plain" });
        response.end(raw ?? JSON.stringify(whole));
      });
    });
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as AddressInfo;
  const caBundle = Buffer.from(ca.certificate).toString("base64");
  return {
    port,
    caBundle,
    asked,
    authorizations,
    serve: (path, answer) => {
      answers.set(path, answer);
      return { url: `https://127.0.0.1:${port}${path}`, caBundle };
    },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise<void>((done) => server.close(() => done()));
    },
  };
}
