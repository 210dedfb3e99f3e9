import assert from "node:assert/strict";
import { duplexPair } from "node:stream";
import type { Duplex } from "node:stream";
import { test } from "node:test";
import fc from "fast-check";
import { SpdyConnection, type SpdyStream } from "./index.ts";
import { encodeFrame, FrameParser, type Frame } from "./frames.ts";
import { HeaderReader, HeaderWriter, decodePairs, encodePairs } from "./header-block.ts";
import { headerDictionary } from "./dictionary.ts";

const bytes = fc.uint8Array({ maxLength: 300 }).map((a) => Buffer.from(a));
const streamId = fc.integer({ min: 1, max: 0x7fffffff });
const frames: fc.Arbitrary<Frame> = fc.oneof(
  fc.record({ type: fc.constant("data" as const), streamId, fin: fc.boolean(), data: bytes }),
  fc.record({
    type: fc.constant("synStream" as const),
    streamId,
    associatedTo: fc.integer({ min: 0, max: 0x7fffffff }),
    priority: fc.integer({ min: 0, max: 7 }),
    fin: fc.boolean(),
    unidirectional: fc.boolean(),
    block: bytes,
  }),
  fc.record({ type: fc.constantFrom("synReply" as const, "headers" as const), streamId, fin: fc.boolean(), block: bytes }),
  fc.record({ type: fc.constant("rstStream" as const), streamId, status: fc.integer({ min: 1, max: 11 }) }),
  fc.record({
    type: fc.constant("settings" as const),
    values: fc.array(fc.tuple(fc.integer({ min: 1, max: 8 }), fc.integer({ min: 0, max: 0x7fffffff })), { maxLength: 4 }),
  }),
  fc.record({ type: fc.constant("ping" as const), id: fc.integer({ min: 0, max: 0xffffffff }) }),
  fc.record({ type: fc.constant("goAway" as const), lastStreamId: streamId, status: fc.integer({ min: 0, max: 2 }) }),
  fc.record({ type: fc.constant("windowUpdate" as const), streamId, delta: fc.integer({ min: 1, max: 0x7fffffff }) }),
);

test("frames survive any cutting of the byte stream", () => {
  fc.assert(
    fc.property(
      fc.array(frames, { maxLength: 8 }),
      fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 20 }),
      (sent, cuts) => {
        const wire = Buffer.concat(sent.map(encodeFrame));
        const parser = new FrameParser();
        const got: Frame[] = [];
        for (let at = 0, i = 0; at < wire.length; i++) {
          const size = cuts[i % cuts.length] as number;
          parser.push(wire.subarray(at, at + size));
          at += size;
          for (let f = parser.next(); f !== undefined; f = parser.next()) got.push(f);
        }
        assert.deepEqual(
          got.map((f) => JSON.stringify(f)),
          sent.map((f) => JSON.stringify(f)),
        );
      },
    ),
    { numRuns: 200 },
  );
});

test("header blocks are read back one after the other over one zlib stream", async () => {
  const name = fc.stringMatching(/^[a-z][a-z0-9-]{0,20}$/);
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.dictionary(name, fc.string({ maxLength: 200 }), { maxKeys: 6 }), { minLength: 1, maxLength: 4 }),
      async (blocks) => {
        const writer = new HeaderWriter();
        const reader = new HeaderReader();
        for (const headers of blocks) {
          const plain = Object.fromEntries(Object.entries(headers));
          assert.deepEqual({ ...(await reader.read(writer.write(plain))) }, plain);
          assert.deepEqual({ ...decodePairs(encodePairs(plain)) }, plain);
        }
        reader.close();
      },
    ),
    { numRuns: 50 },
  );
});

test("the dictionary is the one of SPDY/3", () => {
  let a = 1;
  let b = 0;
  for (const byte of headerDictionary()) {
    a = (a + byte) % 65521;
    b = (b + a) % 65521;
  }
  assert.equal((b * 65536 + a).toString(16), "e3c6a7c2");
});

function pair(onStream: (stream: SpdyStream) => void): { client: SpdyConnection; server: SpdyConnection } {
  const [left, right] = duplexPair() as [Duplex, Duplex];
  return { client: new SpdyConnection(left, { server: false }), server: new SpdyConnection(right, { server: true, onStream }) };
}

async function collect(stream: AsyncIterable<unknown>): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of stream) parts.push(part as Buffer);
  return Buffer.concat(parts);
}

test("a megabyte goes through and comes back on several streams at once, past the windows", async () => {
  const { client, server } = pair((stream) => void stream.pipe(stream));
  const payload = Buffer.alloc(1 << 20, "tsukube ");
  const streams = [1, 2, 3].map((n) => client.createStream({ streamtype: `data${n}` }));
  const got = await Promise.all(
    streams.map((stream) => {
      stream.end(payload);
      return collect(stream);
    }),
  );
  for (const back of got) assert.ok(back.equals(payload));
  client.close();
  await server.closed;
});

test("one half of a stream can end before the other", async () => {
  const { client } = pair((stream) => {
    stream.end("hello");
    stream.resume();
  });
  const stream = client.createStream({});
  assert.equal((await collect(stream)).toString(), "hello");
  assert.ok(stream.writable);
  stream.end("late");
  await new Promise((done) => stream.once("finish", done));
  client.close();
});

test("a refused stream is reset, the others go on", async () => {
  const { client } = pair((stream) => {
    if (stream.headers["streamtype"] === "bad") throw new Error("no such type");
    stream.end("fine");
  });
  const bad = client.createStream({ streamtype: "bad" });
  bad.resume();
  await new Promise((done) => bad.once("close", done));
  assert.equal((await collect(client.createStream({ streamtype: "good" }))).toString(), "fine");
  client.close();
});

test("a ping is answered", async () => {
  const { client, server } = pair(() => undefined);
  await client.ping();
  await server.ping();
  client.close();
});

test("streams end when the connection goes", async () => {
  const { client, server } = pair((stream) => void stream.resume());
  const stream = client.createStream({});
  const all = collect(stream);
  await stream.accepted;
  server.destroy();
  assert.equal((await all).length, 0);
  await client.closed;
});

test("a peer that breaks the protocol is cut off", async () => {
  const [left, right] = duplexPair() as [Duplex, Duplex];
  const server = new SpdyConnection(right, { server: true, onStream: () => undefined });
  left.resume();
  left.write(Buffer.from([0x80, 0x02, 0, 6, 0, 0, 0, 4, 0, 0, 0, 1]));
  await server.closed;
});
