import fc from "fast-check";
import { describe, expect, it } from "vitest";
import * as values from "./values.ts";

describe("durations", () => {
  it.each([
    ["50ms", 50],
    ["1.5s", 1500],
    ["2m", 120_000],
    ["1h", 3_600_000],
    ["250us", 0.25],
    [" 5s ", 5000],
  ])("reads %s as %d ms", (text, expected) => expect(values.parseDuration(text)).toBe(expected));

  it.each(["50", "ms", "", "-5ms", "0ms", "1e3ms", "5 s", "5d", "1,5s", "0x10ms", "NaNms", "Infinitys"])(
    "refuses %s with an example of what is right",
    (text) => expect(() => values.parseDuration(text)).toThrow(/is no duration.*50ms/),
  );

  it("may be nothing where it is a delay", () => {
    expect([values.parseDelay("0s"), values.parseDelay("3s")]).toEqual([0, 3000]);
    for (const text of ["0", "-1s", "2h"]) expect(() => values.parseDelay(text)).toThrow();
  });

  it("never gives anything but a positive number, or refuses", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        let parsed: number;
        try {
          parsed = values.parseDuration(text);
        } catch {
          return;
        }
        expect(parsed).toBeGreaterThan(0);
      }),
    );
  });

  it("takes latency targets in whole milliseconds only", () => {
    expect(values.parseLatency("1.5s")).toBe(1500);
    expect(values.parseLatency("1.001s")).toBe(1001);
    expect(() => values.parseLatency("0.5ms")).toThrow(/whole milliseconds/);
    expect(() => values.parseLatency("11m")).toThrow(/whole milliseconds/);
  });

  it("rounds budgets up to whole seconds", () => {
    expect(values.parseSeconds("1.2s")).toBe(2);
    expect(values.parseSeconds("1m")).toBe(60);
  });
});

describe("shares", () => {
  it.each([
    ["1%", 100],
    ["0.25%", 25],
    ["0%", 0],
    ["100 %", 10_000],
    ["0.29%", 29],
  ])("reads %s as %d basis points", (text, expected) => expect(values.parseBasisPoints(text)).toBe(expected));

  it.each(["1", "0.01", "101%", "-1%", "0.001%", "%", "one%"])("refuses %s", (text) => {
    expect(() => values.parseBasisPoints(text)).toThrow(/is no share/);
  });
});

describe("numbers, names and lists", () => {
  it("takes positive numbers only", () => {
    expect(values.parsePositive("0.5")).toBe(0.5);
    for (const text of ["0", "-1", "", "many", "Infinity"]) expect(() => values.parsePositive(text)).toThrow(/above 0/);
  });

  it("takes whole numbers within bounds only", () => {
    const port = values.wholeNumber(0, 65_535);
    expect(port("0")).toBe(0);
    for (const text of ["-1", "65536", "1.5", "1e3", ""]) expect(() => port(text)).toThrow(/whole number from 0/);
  });

  it("keeps the order of the list, and each word once", () => {
    const variants = values.wordList(["Source", "INT8Dynamic", "INT8Static"] as const);
    expect(variants("INT8Static, Source,Source")).toEqual(["Source", "INT8Static"]);
    expect(() => variants("Source,int8")).toThrow(/"int8" is none of Source, INT8Dynamic, INT8Static/);
    expect(() => variants("")).toThrow(/is none of/);
  });

  it("takes names that are fit for files and labels", () => {
    expect(values.parseName("my-model.v2")).toBe("my-model.v2");
    expect(() => values.parseName("../etc")).toThrow(/is no name/);
  });
});

describe("rates", () => {
  it("are requests per second, or a multiple", () => {
    expect(values.parseRate("250")).toEqual({ requestsPerSecond: 250 });
    expect(values.parseRate("2x")).toEqual({ times: 2 });
    expect(values.parseRate(" 0.5x ")).toEqual({ times: 0.5 });
  });

  it.each(["0x", "x", "-1x", "2 x", "2X", "0", "many", ""])("refuse %j", (text) => {
    expect(() => values.parseRate(text)).toThrow();
  });
});

describe("named files", () => {
  it("are collected", () => {
    const first = values.namedFiles("Student=a.onnx", undefined);
    expect(values.namedFiles("B2=/b=c.onnx", first)).toEqual([
      { name: "Student", file: "a.onnx" },
      { name: "B2", file: "/b=c.onnx" },
    ]);
  });

  it.each(["a.onnx", "=a.onnx", "Student=", "my-student=a.onnx", `${"a".repeat(25)}=a.onnx`])("refuses %s", (text) =>
    expect(() => values.namedFiles(text, undefined)).toThrow(/is not NAME=FILE/),
  );

  it("have names of their own, in any case", () => {
    const first = values.namedFiles("Student=a.onnx", undefined);
    for (const name of ["student", "int8static", "Source"]) {
      expect(() => values.namedFiles(`${name}=a.onnx`, first)).toThrow(/names another variant already/);
    }
  });
});
