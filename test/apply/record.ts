/**
 * Asks an upstream server the requests of `lists.ts` and keeps its answers in `answers.json`. Best without controllers.
 *
 * usage: node test/apply/record.ts URL CLIENT-CERTIFICATE CLIENT-KEY
 */
import { writeFileSync } from "node:fs";
import { jsonOrText } from "../control-plane/ask.ts";
import { httpsAsker } from "../control-plane/ask-https.ts";
import { replay } from "./replay.ts";
import { sequences } from "./lists.ts";
import type { Answer, Step } from "./sequences.ts";

const [url = "", certificate = "", key = ""] = process.argv.slice(2);
const server = httpsAsker(url, certificate, key);

async function ask(step: Step): Promise<Answer> {
  const { status, headers, text } = await server(step);
  return { status, ...(headers.warning === undefined ? {} : { warning: headers.warning }), body: jsonOrText(text) };
}

const recorded: string[] = [];
for (const sequence of sequences) {
  const answers = await replay(sequence, ask);
  recorded.push(`[\n${answers.map((a) => JSON.stringify(a)).join(",\n")}\n]`);
}
writeFileSync(new URL("answers.json", import.meta.url), `[\n${recorded.join(",\n")}\n]\n`);
