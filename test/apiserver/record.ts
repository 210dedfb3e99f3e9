/**
 * Asks an upstream server the requests of `requests.ts` and keeps its answers in `answers.json`.
 *
 * usage: node test/apiserver/record.ts URL CLIENT-CERTIFICATE CLIENT-KEY
 */
import { writeFileSync } from "node:fs";
import { httpsAsker } from "../control-plane/ask-https.ts";
import { namespace, type RecordedAnswer, type RecordedRequest, requests, scrub } from "./requests.ts";

const [url = "", certificate = "", key = ""] = process.argv.slice(2);
const server = httpsAsker(url, certificate, key);

async function ask(request: RecordedRequest): Promise<RecordedAnswer> {
  const { status, headers, text } = await server(request);
  const warning = headers.warning === undefined ? {} : { warning: headers.warning };
  return { status, contentType: headers["content-type"] ?? "", ...warning, lines: scrub(text) };
}

await ask({ method: "POST", path: "/api/v1/namespaces", body: { metadata: { name: namespace } } });
const answers: RecordedAnswer[] = [];
for (const one of requests) answers.push(await ask(one));
await ask({ method: "DELETE", path: `/api/v1/namespaces/${namespace}` });
writeFileSync(new URL("answers.json", import.meta.url), `[\n${answers.map((a) => JSON.stringify(a)).join(",\n")}\n]\n`);
