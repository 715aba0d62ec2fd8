import { deflateRawSync, deflateSync, gunzipSync, gzipSync, inflateSync } from "node:zlib";
import { afterEach, describe, expect, it } from "vitest";
import { EchoServer } from "./testing/echo-server.ts";

const mebibyte = 1024 * 1024;
const path = "/v2/models/echo/infer";
const document = { inputs: [{ name: "x", datatype: "FP32", shape: [1, 2], data: [1, 2] }] };
const json = Buffer.from(JSON.stringify(document));

let server: EchoServer;
afterEach(() => server.close());

const post = (body: Uint8Array, headers: Record<string, string>) =>
  fetch(server.url + path, { method: "POST", headers, body: new Uint8Array(body) });

interface Answer {
  readonly outputs: readonly { readonly data: readonly number[] }[];
}

const answerOf = async (response: Response) => (await response.json()) as Answer;
const errorOf = async (response: Response) => ((await response.json()) as { readonly error: string }).error;

/** Bytes of the answer as they came, whatever their coding. */
async function rawAnswer(body: Uint8Array, headers: string): Promise<{ head: string; body: Buffer }> {
  const head = `POST ${path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: ${body.length}\r\n${headers}\r\n`;
  const answer = await server.raw(Buffer.concat([Buffer.from(head), body]), /^nothing$/);
  const end = answer.indexOf("\r\n\r\n");
  return { head: answer.slice(0, end), body: Buffer.from(answer.slice(end + 4), "latin1") };
}

/** As one tensor of `count` floats, behind its JSON part. */
function floats(count: number, parameters = {}): { body: Buffer; header: string } {
  const input = { name: "x", datatype: "FP32", shape: [1, count], parameters: { binary_data_size: 4 * count } };
  const header = Buffer.from(JSON.stringify({ inputs: [input], parameters }));
  return { body: Buffer.concat([header, Buffer.alloc(4 * count)]), header: String(header.length) };
}

describe("a compressed body", () => {
  it.each([
    ["gzip", gzipSync(json)],
    ["x-gzip", gzipSync(json)],
    ["GZIP", gzipSync(json)],
    ["deflate", deflateSync(json)],
    ["gzip", Buffer.concat([gzipSync(json.subarray(0, 20)), gzipSync(json.subarray(20))])],
    ["identity", json],
  ])("in %s is answered like the plain one", async (coding, body) => {
    server = await EchoServer.start();
    const response = await post(body, { "content-encoding": coding });
    expect(response.status).toBe(200);
    expect((await answerOf(response)).outputs[0]?.data).toEqual([1, 2]);
  });

  it("takes the header length of the inflated body", async () => {
    server = await EchoServer.start({ input: { datatype: "FP32", shape: [-1, -1] }, maximumBodyBytes: mebibyte });
    const { body, header } = floats(50_000);
    const headers = { "content-encoding": "gzip", "inference-header-content-length": header };
    expect((await post(gzipSync(body), headers)).status).toBe(200);
  });

  const gzipped = gzipSync(json);
  const flipped = (at: number) => gzipped.map((byte, i) => (i === gzipped.length + at ? byte ^ 1 : byte));
  it.each([
    ["a wrong checksum", "gzip", flipped(-5)],
    ["a wrong length at its end", "gzip", flipped(-1)],
    ["a broken header", "gzip", gzipped.subarray(1)],
    ["its last byte missing", "gzip", gzipped.subarray(0, -1)],
    ["bytes after its end", "gzip", Buffer.concat([gzipped, Buffer.from("x")])],
    ["zeros after its end", "gzip", Buffer.concat([gzipped, Buffer.alloc(4)])],
    ["nothing in it", "gzip", Buffer.alloc(0)],
    ["another coding than it says", "gzip", deflateSync(json)],
    ["a wrong checksum", "deflate", deflateSync(json).map((byte, i, all) => (i === all.length - 1 ? byte ^ 1 : byte))],
    ["bytes after its end", "deflate", Buffer.concat([deflateSync(json), Buffer.from("x")])],
    ["no zlib header", "deflate", deflateRawSync(json)],
  ])("with %s (%s) is refused with 400", async (_, coding, body) => {
    server = await EchoServer.start();
    const response = await post(body, { "content-encoding": coding });
    expect([response.status, await errorOf(response)]).toEqual([400, expect.stringMatching(/^The body is not /)]);
  });

  it.each([10_000, 20_000_000])(
    "of %i bytes is refused with 413 as soon as it inflates beyond the limit",
    async (size) => {
      server = await EchoServer.start();
      const response = await post(gzipSync(Buffer.alloc(size)), { "content-encoding": "gzip" });
      expect(response.status).not.toBe(200);
      expect([response.status, await errorOf(response)]).toEqual([413, expect.stringMatching(/4096 bytes/)]);
    },
  );

  it("that inflates more than a hundredfold is refused with 413, but not below a mebibyte", async () => {
    server = await EchoServer.start({ input: { datatype: "FP32", shape: [-1, -1] }, maximumBodyBytes: 64 * mebibyte });
    for (const [megabytes, status] of [
      [0.9, 200],
      [30, 413],
    ] as const) {
      const { body, header } = floats(Math.round(megabytes * 250_000));
      const headers = { "content-encoding": "gzip", "inference-header-content-length": header };
      const response = await post(gzipSync(body), headers);
      expect(response.status).toBe(status);
      if (status === 413) expect(await errorOf(response)).toMatch(/more than 100 times/);
      else await response.arrayBuffer();
    }
  });

  it("tells which codings there are when it comes in another one", async () => {
    server = await EchoServer.start();
    const response = await post(json, { "content-encoding": "zstd" });
    expect([response.status, response.headers.get("accept-encoding")]).toEqual([501, "gzip, deflate"]);
  });
});

describe("an answer", () => {
  const inputs = { input: { datatype: "FP32", shape: [-1, -1] }, maximumBodyBytes: mebibyte } as const;

  it.each([
    ["gzip", gunzipSync],
    ["deflate", inflateSync],
  ])("is compressed where %s is what the client asks for", async (coding, inflate) => {
    server = await EchoServer.start(inputs);
    const { body, header } = floats(500, { binary_data_output: true });
    body.fill(Buffer.of(1, 200, 3, 64), Number(header));
    const headers = `inference-header-content-length: ${header}\r\naccept-encoding: ${coding}\r\n`;
    const answer = await rawAnswer(body, headers);
    expect(answer.head).toMatch(/^HTTP\/1\.1 200 /);
    expect(answer.head).toContain(`content-encoding: ${coding}`);
    expect(answer.head).toContain(`content-length: ${answer.body.length}`);
    const length = Number(/inference-header-content-length: (\d+)/.exec(answer.head)?.[1]);
    const inflated = inflate(answer.body);
    expect(JSON.parse(inflated.toString("utf8", 0, length)).outputs[0].parameters.binary_data_size).toBe(2000);
    expect(inflated.subarray(length).equals(body.subarray(Number(header)))).toBe(true);
  });

  it.each([
    ["small", 10, "gzip"],
    ["for a client that lists what it understands", 500, "gzip, deflate"],
    ["for a client that lists what it understands", 500, "br, gzip;q=0.5"],
  ])("is not compressed when it is %s", async (_, count, accept) => {
    server = await EchoServer.start(inputs);
    const { body, header } = floats(count);
    const headers = `inference-header-content-length: ${header}\r\naccept-encoding: ${accept}\r\n`;
    const answer = await rawAnswer(body, headers);
    expect(answer.head).toMatch(/^HTTP\/1\.1 200 /);
    expect(answer.head).not.toContain("content-encoding");
    expect(JSON.parse(answer.body.toString()).outputs[0].data).toHaveLength(count);
  });
});

describe("a body without a JSON part", () => {
  it("is the data of the only input, and is answered in binary", async () => {
    server = await EchoServer.start({ input: { datatype: "FP32", shape: [-1, -1] } });
    const data = Buffer.from(Float32Array.of(1, 2, 3).buffer);
    const response = await post(data, { "inference-header-content-length": "0" });
    expect(response.status).toBe(200);
    const answer = Buffer.from(await response.arrayBuffer());
    const length = Number(response.headers.get("inference-header-content-length"));
    expect(JSON.parse(answer.toString("utf8", 0, length)).outputs[0]).toMatchObject({ shape: [1, 3] });
    expect(answer.subarray(length)).toEqual(data);
  });

  it.each([0, 3, 5])("of %i bytes is refused where no whole element fits", async (bytes) => {
    server = await EchoServer.start({ input: { datatype: "FP32", shape: [-1, -1] } });
    expect((await post(Buffer.alloc(bytes), { "inference-header-content-length": "0" })).status).toBe(400);
  });
});

describe("bodies that come in pieces", () => {
  it("are put together", async () => {
    server = await EchoServer.start();
    const pieces = [...json].map((byte) => `1\r\n${String.fromCharCode(byte)}\r\n`).join("");
    const chunked = `POST ${path} HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n${pieces}0\r\n\r\n`;
    expect(await server.raw(chunked, /"data"/)).toMatch(/^HTTP\/1\.1 200 [\s\S]*\[1,2\]/);
  });
});
