import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ResponseReader } from "./response-reader.ts";

interface Answer {
  readonly status: number;
  readonly keepsAlive: boolean;
}

interface Seen {
  readonly answers: Answer[];
  readonly state: string;
}

/** Reads a stream of answers that arrives in the given pieces, and then ends. */
function readAll(pieces: readonly Buffer[]): Seen {
  const reader = new ResponseReader();
  const answers: Answer[] = [];
  const take = () => {
    if (reader.state !== "Whole") return false;
    answers.push({ status: reader.status, keepsAlive: reader.keepsAlive });
    reader.reset();
    return true;
  };
  for (const piece of pieces) {
    for (let at = 0; at < piece.length; ) {
      at = reader.read(piece, at, piece.length);
      if (!take() && reader.state === "Malformed") return { answers, state: "Malformed" };
    }
  }
  reader.end();
  const { state } = reader;
  take();
  return { answers, state };
}

const readText = (text: string): Seen => readAll([Buffer.from(text, "latin1")]);

function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
  const ends = [...places.map((place) => place % (bytes.length + 1)), bytes.length].toSorted((a, b) => a - b);
  return ends.map((end, index) => bytes.subarray(ends[index - 1] ?? 0, end));
}

// Bodies made of what frames answers, so that a reader that loses count shows it.
const bodyText = fc
  .array(fc.constantFrom("\r\n", "\r", "\n", "0", "0\r\n\r\n", "HTTP/1.1 404 No\r\n\r\n", "a", "\u00ff"), {
    maxLength: 40,
  })
  .map((parts) => parts.join(""));
const filler = fc.constantFrom("", "date: now\r\n", "x-padding-to-ten: y\r\nconnexion: close\r\n");
const interim = fc.constantFrom("", "HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n");

const sized = fc.record({ status: fc.constantFrom(200, 302, 404, 500, 503), fields: filler, body: bodyText });
const withLength = sized.map(({ status, fields, body }) => ({
  status,
  text: `HTTP/1.1 ${status} x\r\n${fields}content-length: ${body.length}\r\n\r\n${body}`,
}));
const withoutBody = fc
  .constantFrom(204, 304)
  .map((status) => ({ status, text: `HTTP/1.1 ${status} x\r\nage: 1\r\n\r\n` }));
const inChunks = fc
  .record({
    status: fc.constantFrom(200, 503),
    chunks: fc.array(fc.record({ data: bodyText, extension: fc.constantFrom("", ";a=b", " ") }), { maxLength: 5 }),
    trailer: fc.constantFrom("", "x: y\r\n", "x: y\r\nz: 0\r\n"),
  })
  .map(({ status, chunks, trailer }) => {
    const data = chunks.filter(({ data }) => data !== "");
    const body = data.map(({ data, extension }) => `${data.length.toString(16)}${extension}\r\n${data}\r\n`).join("");
    return { status, text: `HTTP/1.1 ${status} x\r\ntransfer-encoding: chunked\r\n\r\n${body}0\r\n${trailer}\r\n` };
  });
const answer = fc
  .tuple(interim, fc.oneof(withLength, withoutBody, inChunks))
  .map(([before, { status, text }]) => ({ status, text: before + text }));
const places = fc.array(fc.nat(), { maxLength: 30 });

describe("ResponseReader", () => {
  it("finds every answer of a stream that is cut anywhere", () => {
    fc.assert(
      fc.property(fc.array(answer, { maxLength: 6 }), places, (answers, cuts) => {
        const bytes = Buffer.from(answers.map(({ text }) => text).join(""), "latin1");
        const seen = readAll(cut(bytes, cuts));
        expect(seen.answers).toEqual(answers.map(({ status }) => ({ status, keepsAlive: true })));
      }),
      { numRuns: 300 },
    );
  });

  it("sees the same in any bytes however they are cut", () => {
    const piece = fc.oneof(
      fc.constantFrom(
        "HTTP/1.1 200 OK\r\n",
        "HTTP/1.",
        "content-length: 3\r\n",
        "transfer-encoding: chunked\r\n",
        "\r\n",
      ),
      fc.constantFrom("connection: close\r\n", "a: b\r\n", "3\r\nabc\r\n", "0\r\n\r\n", "abc", "\r", "\n", ":", " "),
      answer.map(({ text }) => text),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), places, (parts, cuts) => {
        const bytes = Buffer.from(parts.join(""), "latin1");
        expect(readAll(cut(bytes, cuts))).toEqual(readAll([bytes]));
      }),
      { numRuns: 500 },
    );
  });

  it("reads an answer byte by byte", () => {
    const text =
      "HTTP/1.1 100 Go on\r\n\r\nHTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3;x\r\nabc\r\n0\r\nt: u\r\n\r\n";
    const bytes = Array.from(text, (letter) => Buffer.from(letter, "latin1"));
    expect(readAll(bytes).answers).toEqual([{ status: 200, keepsAlive: true }]);
  });

  it("reads any number of answers", () => {
    const text = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}";
    expect(readText(text.repeat(10_000)).answers).toHaveLength(10_000);
  });

  it("ends a head at its empty line whatever comes before", () => {
    expect(readText("HTTP/1.1 204 OK\r\na: b\r\r\n\r\n").answers).toHaveLength(1);
  });

  it("leaves what follows an answer alone", () => {
    const reader = new ResponseReader();
    const first = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}";
    const bytes = Buffer.from(`--${first}HTTP/1.1 500 x\r\n`, "latin1");
    expect(reader.read(bytes, 2, bytes.length)).toBe(2 + first.length);
    expect([reader.state, reader.status]).toEqual(["Whole", 200]);
  });

  it("takes the end of the connection for the end of an answer that has no other", () => {
    const seen = readText("HTTP/1.1 200 OK\r\n\r\nsome text");
    expect(seen).toEqual({ answers: [{ status: 200, keepsAlive: false }], state: "Whole" });
    expect(readText("HTTP/1.1 200 OK\r\n\r\n").answers).toHaveLength(1);
  });

  it.each([
    "",
    "HTTP/1.1 200 OK\r\n",
    "HTTP/1.1 100 Continue\r\n\r\n",
    "HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nab",
    "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n",
  ])("takes no part of an answer for the whole: %j", (text) => {
    expect(readText(text)).toEqual({ answers: [], state: "Malformed" });
  });

  it("refuses what is not HTTP before a head could end", () => {
    const reader = new ResponseReader();
    for (const [text, state] of [
      ["HT", "Reading"],
      ["TP/", "Reading"],
      ["9", "Malformed"],
    ] as const) {
      reader.read(Buffer.from(text), 0, text.length);
      expect(reader.state).toBe(state);
    }
    expect(readText("SSH-2.0-OpenSSH_9.9\r\n").state).toBe("Malformed");
  });

  it("refuses a head of more than 64 KiB, in one piece and in many", () => {
    const long = `HTTP/1.1 200 OK\r\ncontent-length: 0\r\nx: ${"y".repeat(70_000)}\r\n\r\n`;
    const fitting = `HTTP/1.1 200 OK\r\ncontent-length: 0\r\nx: ${"y".repeat(60_000)}\r\n\r\n`;
    const pieces = (text: string) => cut(Buffer.from(text), [1, 20_000, 40_000, 59_000]);
    expect([readText(long).state, readAll(pieces(long)).state]).toEqual(["Malformed", "Malformed"]);
    expect([readText(fitting), readAll(pieces(fitting))].map(({ answers }) => answers.length)).toEqual([1, 1]);
    // Interim answers without end are no answer either.
    expect(readText("HTTP/1.1 102 Wait\r\n\r\n".repeat(4000)).state).toBe("Malformed");
  });
});
