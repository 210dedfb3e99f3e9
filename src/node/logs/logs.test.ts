import assert from "node:assert/strict";
import { appendFileSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { systemClock } from "../../core/clock.ts";
import { parseLogLine } from "./cri-log.ts";
import { readLog, type ReadLogOptions } from "./read-log.ts";

const directory = mkdtempSync(join(tmpdir(), "logs-"));
after(() => rmSync(directory, { recursive: true }));
const path = join(directory, "0.log");

const line = (second: number, text: string, stream = "stdout", tag = "F"): string =>
  `2026-01-01T00:00:0${second}.000000001Z ${stream} ${tag} ${text}\n`;

async function read(options: Partial<ReadLogOptions> = {}): Promise<string> {
  const parts: Buffer[] = [];
  const { signal } = new AbortController();
  for await (const part of readLog({ path, follow: false, timestamps: false, clock: systemClock, signal, ...options })) parts.push(part);
  return Buffer.concat(parts).toString();
}

it("an entry is time, stream, tag and text", () => {
  const entry = parseLogLine(Buffer.from("2026-01-01T00:00:00Z stderr P a b"));
  assert.deepEqual([entry?.time, entry?.stream, entry?.partial, entry?.text.toString()], ["2026-01-01T00:00:00Z", "stderr", true, "a b"]);
  assert.equal(parseLogLine(Buffer.from("torn")), undefined);
  assert.equal(parseLogLine(Buffer.from("2026 stdout F"))?.text.length, 0);
});

describe("reading a log", () => {
  writeFileSync(path, line(1, "one") + line(2, "two", "stderr") + line(3, "thr", "stdout", "P") + line(3, "ee") + line(4, "four"));

  it("joins partial entries and writes times on request", async () => {
    assert.equal(await read(), "one\ntwo\nthree\nfour\n");
    assert.equal((await read({ timestamps: true })).split("\n")[2], "2026-01-01T00:00:03.000000001Z three");
  });

  it("takes the end, what is recent, one stream, or so many bytes", async () => {
    assert.equal(await read({ tailLines: 1 }), "four\n");
    assert.equal(await read({ tailLines: 0 }), "");
    assert.equal(await read({ tailLines: 100 }), "one\ntwo\nthree\nfour\n");
    assert.equal(await read({ since: Date.parse("2026-01-01T00:00:03Z") }), "three\nfour\n");
    assert.equal(await read({ streams: "Stderr" }), "two\n");
    assert.equal(await read({ limitBytes: 5 }), "one\nt");
  });

  it("follows over a rotation until the container has ended", async () => {
    const followed = join(directory, "1.log");
    writeFileSync(followed, line(1, "a"));
    let running = true;
    const stop = new AbortController();
    const got: string[] = [];
    for await (const part of readLog({
      path: followed,
      follow: true,
      timestamps: false,
      clock: systemClock,
      signal: stop.signal,
      running: () => Promise.resolve(running),
    })) {
      got.push(part.toString());
      const text = got.join("");
      if (text === "a\n") appendFileSync(followed, line(2, "b"));
      else if (text === "a\nb\n") {
        renameSync(followed, `${followed}.old`);
        writeFileSync(followed, line(3, "c"));
      } else running = false;
    }
    assert.equal(got.join(""), "a\nb\nc\n");
  });
});
