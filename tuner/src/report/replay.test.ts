import { readFileSync } from "node:fs";
import { TrafficReplay } from "@sweetspot/crds";
import { describe, expect, it } from "vitest";
import { renderReport } from "./html.ts";
import { summarizeReplay } from "./replay.ts";
import { sampleReport } from "./testing/sample-report.ts";

const sample = new URL("../../../crds/samples/TrafficReplay.json", import.meta.url);
const replay = TrafficReplay.parse(JSON.parse(readFileSync(sample, "utf8")));
const [record] = replay.records;
const really = (badShare: number | null): TrafficReplay => ({
  ...replay,
  records: record === undefined ? [] : [{ ...record, badShare }],
});
const doubt = /do not rely on the others/;

describe("a replay in words", () => {
  it("has a line for each plan, and says why one has no figure", () => {
    const words = summarizeReplay(replay);
    for (const { name, problem } of record?.plans ?? []) {
      expect(words).toMatch(new RegExp(`\n${name}( \\(served\\))? `));
      if (problem !== null) expect(words).toContain(problem);
    }
  });

  it("says when the simulator does not see what really went wrong", () => {
    expect(summarizeReplay(really(0.19))).toMatch(doubt);
    expect(summarizeReplay(really(0.002))).not.toMatch(doubt);
    expect(summarizeReplay(really(null))).not.toMatch(doubt);
  });

  it("cannot move the cursor of a terminal", () => {
    const soiled = {
      ...replay,
      records: replay.records.map((one) => ({
        ...one,
        plans: one.plans.map((plan) => ({ ...plan, summary: "\u001b[2J", problem: "\u0007" })),
      })),
    };
    const words = summarizeReplay(soiled);
    for (const control of ["\u0007", "\u001b"]) expect(words).not.toContain(control);
  });
});

describe("a replay in a page", () => {
  it("stands there where it was given, escaped, and only there", () => {
    const title = "Recorded traffic under each plan";
    expect(renderReport(sampleReport())).not.toContain(title);
    const page = renderReport(sampleReport(), replay);
    expect(page).toContain(title);
    expect(page).toContain("batch &lt;= 8");
    expect(page.match(/p99 would have been<\/th>/g)).toHaveLength(replay.records.length);
    for (const { name } of record?.plans ?? []) expect(page).toContain(`<b>${name}</b>`);
  });
});
