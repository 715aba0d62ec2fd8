import { describe, expect, it } from "vitest";
import { parseCounts } from "./prometheus-counts.ts";

/** A whole minute, in seconds since the epoch. */
const now = 1_767_571_200;
const minutes = (...values: readonly string[]) => values.map((value, i) => [now - 60 * (values.length - 1 - i), value]);
const series = (outcome: string, ...values: readonly string[]) => ({ metric: { outcome }, values: minutes(...values) });
const matrix = (...result: readonly object[]) => ({ status: "success", data: { resultType: "matrix", result } });

describe("an answer of Prometheus", () => {
  it("becomes blocks of a minute in which four outcomes are bad, rounded to whole requests", () => {
    const answer = matrix(
      series("Good", "100", "80.4"),
      series("Late", "10", "5.33"),
      series("Refused", "1", "1"),
      series("Expired", "1", "1"),
      series("Failed", "1", "1"),
    );
    expect(parseCounts(answer, now + 7)).toEqual([
      { start: now - 120, seconds: 60, total: 113, bad: 13 },
      { start: now - 60, seconds: 60, total: 89, bad: 8 },
    ]);
  });

  it("may lack outcomes that never occurred, and minutes that were not scraped", () => {
    expect(parseCounts(matrix(), now)).toEqual([]);
    const late = { metric: { outcome: "Late" }, values: [[now, "2"]] };
    const good = { metric: { outcome: "Good" }, values: [[now - 600, "7"]] };
    expect(parseCounts(matrix(late, good), now).map(({ start, total, bad }) => [start - now, total, bad])).toEqual([
      [-660, 7, 0],
      [-60, 2, 2],
    ]);
  });

  const long = new Array<string>(70).fill("1");
  const wrong: readonly (readonly [string, unknown, RegExp])[] = [
    ["an error", { status: "error", errorType: "bad_data", error: "what?" }, /form/],
    ["a vector", { status: "success", data: { resultType: "vector", result: [] } }, /form/],
    ["an unknown outcome", matrix(series("Wonderful", "1")), /form/],
    ["more minutes than were asked for", matrix(series("Good", ...long)), /form/],
    ["a number that is no text", matrix({ metric: { outcome: "Good" }, values: [[now, 1]] }), /form/],
    ["a list", [], /form/],
    ["the future", matrix({ metric: { outcome: "Good" }, values: [[now + 60, "1"]] }), /another time/],
    ["last week", matrix({ metric: { outcome: "Good" }, values: [[now - 604_800, "1"]] }), /another time/],
    ["a broken minute", matrix({ metric: { outcome: "Good" }, values: [[now - 7, "1"]] }), /another time/],
    ...["NaN", "+Inf", "-1", "1e12", "", " ", "many"].map(
      (value) => [`"${value}" requests`, matrix(series("Good", value)), /counts/] as const,
    ),
  ];

  it.each(wrong)("is refused when it is of %s", (_, answer, words) => {
    expect(() => parseCounts(answer, now)).toThrow(words);
  });
});
