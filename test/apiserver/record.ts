/**
 * Asks an upstream server the requests of `requests.ts` and keeps its answers in `answers.json`.
 *
 * usage: node test/apiserver/record.ts URL CLIENT-CERTIFICATE CLIENT-KEY
 */
import { readFileSync, writeFileSync } from "node:fs";
import { request } from "node:https";
import { namespace, type RecordedAnswer, type RecordedRequest, requests, scrub } from "./requests.ts";

const [url = "", certificate = "", key = ""] = process.argv.slice(2);
const identity = { cert: readFileSync(certificate), key: readFileSync(key), rejectUnauthorized: false };

function ask({ method, path, body, headers }: RecordedRequest): Promise<RecordedAnswer> {
  const bytes = body === undefined ? undefined : Buffer.from(typeof body === "string" ? body : JSON.stringify(body));
  const length = bytes === undefined ? {} : { "content-type": "application/json", "content-length": bytes.length };
  return new Promise((resolve, reject) => {
    const asked = request(url + path, { ...identity, method, headers: { accept: "application/json", ...length, ...headers } }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on("data", (chunk: Buffer) => chunks.push(chunk));
      answer.on("end", () => {
        const { warning } = answer.headers as { warning?: string };
        resolve({
          status: answer.statusCode ?? 0,
          contentType: answer.headers["content-type"] ?? "",
          ...(warning === undefined ? {} : { warning }),
          lines: scrub(Buffer.concat(chunks).toString()),
        });
      });
    });
    asked.on("error", reject);
    asked.end(bytes);
  });
}

await ask({ method: "POST", path: "/api/v1/namespaces", body: { metadata: { name: namespace } } });
const answers: RecordedAnswer[] = [];
for (const one of requests) answers.push(await ask(one));
await ask({ method: "DELETE", path: `/api/v1/namespaces/${namespace}` });
writeFileSync(new URL("answers.json", import.meta.url), `[\n${answers.map((a) => JSON.stringify(a)).join(",\n")}\n]\n`);
