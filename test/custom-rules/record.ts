/**
 * Asks an upstream server the requests of `lists.ts` and keeps its answers in `answers.json`. Best without controllers.
 *
 * usage: node test/custom-rules/record.ts URL CLIENT-CERTIFICATE CLIENT-KEY
 */
import { readFileSync, writeFileSync } from "node:fs";
import { request } from "node:https";
import type { Answer, Step } from "../apply/sequences.ts";
import { run } from "./ask.ts";
import { sequences } from "./lists.ts";

const [url = "", certificate = "", key = ""] = process.argv.slice(2);
const identity = { cert: readFileSync(certificate), key: readFileSync(key), rejectUnauthorized: false };

function ask({ method, path, body, headers }: Step): Promise<Answer> {
  const bytes = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
  const length = bytes === undefined ? {} : { "content-type": "application/json", "content-length": bytes.length };
  return new Promise((resolve, reject) => {
    const asked = request(url + path, { ...identity, method, headers: { accept: "application/json", ...length, ...headers } }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on("data", (chunk: Buffer) => chunks.push(chunk));
      answer.on("end", () => {
        const { warning } = answer.headers as { warning?: string };
        const text = Buffer.concat(chunks).toString();
        // A path that is not served yet is answered with plain text.
        const parsed: unknown = text.startsWith("{") ? JSON.parse(text) : text;
        resolve({ status: answer.statusCode ?? 0, ...(warning === undefined ? {} : { warning }), body: parsed });
      });
    });
    asked.on("error", reject);
    asked.end(bytes);
  });
}

const recorded: string[] = [];
for (const sequence of sequences) {
  const answers = await run(sequence, ask);
  recorded.push(`[\n${answers.map((a) => JSON.stringify(a)).join(",\n")}\n]`);
}
writeFileSync(new URL("answers.json", import.meta.url), `[\n${recorded.join(",\n")}\n]\n`);
