import { readFileSync } from "node:fs";
import type { IncomingHttpHeaders } from "node:http";
import { request } from "node:https";
import { bodyOf, jsonHeaders, type Question } from "./ask.ts";

export interface HttpsAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders & { readonly warning?: string | undefined };
  readonly text: string;
}

/** Asks a server of elsewhere as the owner of a client certificate: `url` without a path, and the names of PEM files. */
export function httpsAsker(url: string, certificate: string, key: string): (question: Omit<Question, "user">) => Promise<HttpsAnswer> {
  const identity = { cert: readFileSync(certificate), key: readFileSync(key), rejectUnauthorized: false };
  return ({ method, path, body, headers }) => {
    const bytes = bodyOf(body);
    const length = bytes === undefined ? {} : { "content-length": bytes.length };
    return new Promise((resolve, reject) => {
      const asked = request(url + path, { ...identity, method, headers: { ...jsonHeaders(bytes), ...length, ...headers } }, (answer) => {
        const chunks: Buffer[] = [];
        answer.on("data", (chunk: Buffer) => chunks.push(chunk));
        answer.on("error", reject);
        answer.on("end", () =>
          resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text: Buffer.concat(chunks).toString() }),
        );
      });
      asked.on("error", reject);
      asked.end(bytes);
    });
  };
}
