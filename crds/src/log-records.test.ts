import { createHash, randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { defaultRecordLimits, encodeRecord, maximumLineBytes, RecordReader, readRecords } from "./log-records.ts";

const sampleOf = (kind: string) =>
  JSON.parse(readFileSync(join(import.meta.dirname, "..", "samples", `${kind}.json`), "utf8"));
const report = sampleOf("TuningReport");
const plan = sampleOf("ServingPlan");
/** A report that takes several lines: random text does not compress. */
const longReport = {
  ...report,
  findings: Array.from({ length: 64 }, () => ({
    topic: "Batching",
    outcome: "Gained",
    message: randomBytes(512).toString("hex"),
  })),
};
const encoded = encodeRecord("TuningReport", longReport);
const { lines } = encoded;

/** Lines of any bytes, as a faithful sender would frame them. */
function framed(kind: string, gzip: Buffer, pieceBytes = 8190): string[] {
  const hex = createHash("sha256").update(gzip).digest("hex");
  const parts = Math.max(1, Math.ceil(gzip.length / pieceBytes));
  return Array.from({ length: parts }, (_, index) => {
    const piece = gzip.subarray(index * pieceBytes, (index + 1) * pieceBytes).toString("base64");
    return `sweetspot-record/1 ${kind} ${index + 1}/${parts} ${hex} ${piece}`;
  });
}

const problemsOf = (text: string) => {
  const { records, problems } = readRecords(text);
  expect(records).toEqual([]);
  return problems;
};

describe("log records", () => {
  it("carry a document in lines that no container runtime cuts", () => {
    expect(lines.length).toBeGreaterThan(3);
    for (const line of lines) expect(Buffer.byteLength(line)).toBeLessThanOrEqual(maximumLineBytes);
    const { records, problems } = readRecords(lines.join("\n"));
    expect(problems).toEqual([]);
    expect(records).toEqual([
      { kind: "TuningReport", digest: encoded.digest, gzip: Buffer.from(encoded.gzip), document: longReport },
    ]);
  });

  it("are found in any order, between other output, twice, and in chunks of any size", () => {
    const other = encodeRecord("ServingPlan", plan);
    const arbitrary = fc.record({
      order: fc.shuffledSubarray([...lines, ...lines, ...other.lines], { minLength: 2 * lines.length + 1 }),
      noise: fc.array(fc.string({ maxLength: 40 }).filter((text) => !text.startsWith("sweetspot-record/1"))),
      cuts: fc.array(fc.nat(60_000), { maxLength: 20 }),
      end: fc.constantFrom("\n", "\r\n"),
    });
    fc.assert(
      fc.property(arbitrary, ({ order, noise, cuts, end }) => {
        const text = order.map((line, index) => `${noise[index] ?? ""}${end}${line}${end}`).join("");
        const reader = new RecordReader();
        const edges = [0, ...cuts.filter((cut) => cut < text.length).sort((a, b) => a - b), text.length];
        edges.slice(1).forEach((edge, index) => {
          reader.push(text.slice(edges[index], edge));
        });
        const { records, problems } = reader.finish();
        expect(problems).toEqual([]);
        expect(records.map((record) => record.digest).sort()).toEqual([encoded.digest, other.digest].sort());
      }),
      { numRuns: 40 },
    );
  });

  it("are only read where they are wanted", () => {
    const other = encodeRecord("ServingPlan", plan);
    const text = [...other.lines, ...lines].join("\n");
    const { records, problems } = readRecords(text, { ...defaultRecordLimits, records: 1 }, new Set([encoded.digest]));
    expect(problems).toEqual([]);
    expect(records.map((record) => record.kind)).toEqual(["TuningReport"]);
  });

  it("are not written when the reader would refuse them", () => {
    const limits = { ...defaultRecordLimits, gzipBytes: 1000 };
    expect(() => encodeRecord("TuningReport", longReport, limits)).toThrow(/too large for the log/);
  });
});

describe("a hostile log", () => {
  it("without any record gives nothing and no problem", () => {
    expect(problemsOf("Segmentation fault\n")).toEqual([]);
    expect(problemsOf("")).toEqual([]);
    expect(problemsOf("sweetspot-record/1 \nsweetspot-record/1 TuningReport 1/1 abc def\n")).toEqual([]);
  });

  it("that was cut is called incomplete", () => {
    expect(problemsOf(lines.slice(1).join("\n"))).toEqual([
      `The TuningReport in the log is incomplete: ${lines.length - 1} of ${lines.length} parts arrived.`,
    ]);
    expect(problemsOf(lines.join("\n").slice(0, -100))[0]).toMatch(/digest|incomplete/);
  });

  it("with a foreign piece under a right digest is called damaged", () => {
    const [first = "", ...rest] = lines;
    const forged = first.replace(/[A-Za-z0-9+/]{8}$/, "AAAAAAAA");
    expect(problemsOf([forged, ...rest].join("\n"))[0]).toMatch(/digest is not the announced one/);
  });

  it("with two contents for one part is refused", () => {
    const [first = ""] = lines;
    const forged = first.replace(/[A-Za-z0-9+/]{8}$/, "AAAAAAAA");
    expect(problemsOf([...lines, forged].join("\n"))[0]).toMatch(/part 1 occurs twice with different contents/);
  });

  it("with a part beyond the last is refused", () => {
    const [line = ""] = framed("ServingPlan", gzipSync("{}"));
    expect(problemsOf(line.replace(" 1/1 ", " 7/1 "))[0]).toMatch(/part 7 of 1/);
    expect(problemsOf(line.replace(" 1/1 ", " 0/1 "))[0]).toMatch(/part 0 of 1/);
  });

  it("with a bomb is stopped before it inflates", () => {
    const bomb = framed("TuningReport", gzipSync(Buffer.alloc(64 * 1024 * 1024, 0x20)));
    const before = process.memoryUsage().arrayBuffers;
    expect(problemsOf(bomb.join("\n"))).toEqual(["The TuningReport in the log inflates to more than 16777216 bytes."]);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(80 * 1024 * 1024);
  });

  it("with bytes that are no gzip is refused", () => {
    expect(problemsOf(framed("TuningReport", Buffer.from("hello")).join("\n"))[0]).toMatch(/is not a gzip/);
    expect(problemsOf(framed("TuningReport", gzipSync("hello").subarray(0, 12)).join("\n"))[0]).toMatch(
      /is not a gzip/,
    );
  });

  it("with a document that does not keep its contract is refused by the field", () => {
    const wrong = gzipSync(JSON.stringify({ ...report, startedAt: "now" }));
    expect(problemsOf(framed("TuningReport", wrong).join("\n"))[0]).toMatch(/TuningReport in the log.*startedAt/);
    expect(problemsOf(framed("TuningReport", gzipSync("[")).join("\n"))[0]).toMatch(/not valid JSON/);
  });

  it("with a kind that is not known, or is the name of a built-in, is ignored", () => {
    expect(problemsOf(framed("Poem", gzipSync("{}")).join("\n"))).toEqual([]);
    expect(problemsOf(framed("constructor", gzipSync("{}")).join("\n"))).toEqual([]);
  });

  it("with a record larger than allowed is refused without being kept", () => {
    expect(problemsOf(framed("TuningReport", randomBytes(600 * 1024)).join("\n"))[0]).toMatch(
      /larger than 524288 bytes/,
    );
  });

  it("with many records keeps few of them and says so", () => {
    const many = Array.from({ length: 100 }, (_, index) => framed("TuningReport", Buffer.from(`no ${index}`))).flat();
    const problems = problemsOf(many.join("\n"));
    expect(problems).toHaveLength(defaultRecordLimits.records + 1);
    expect(problems.at(-1)).toMatch(/more than 8 records/);
  });

  it("of 100 MB on one line, or in many, passes by in bounded memory, and the record after it is found", () => {
    const chunk = "x".repeat(1024 * 1024);
    const garbage = "sweetspot-record/1 garbage and more garbage\n".repeat(20_000);
    const reader = new RecordReader();
    for (let megabytes = 0; megabytes < 50; megabytes += 1) reader.push(chunk);
    for (let repeats = 0; repeats < 50; repeats += 1) reader.push(garbage);
    reader.push(`\n${lines.join("\n")}`);
    const { records, problems } = reader.finish();
    expect(problems).toEqual([]);
    expect(records).toHaveLength(1);
  });
});
