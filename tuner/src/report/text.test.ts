import { describe, expect, it } from "vitest";
import { sampleReport } from "./testing/sample-report.ts";
import { summarizeReport } from "./text.ts";
import { textTable } from "./text-table.ts";

describe("summarizeReport", () => {
  it("says what was chosen, the latency with its verdict, capacity, gain and why each other lost", () => {
    const text = summarizeReport(sampleReport());
    expect(text).toContain("minilm-l3: OnnxRuntime INT8Dynamic");
    expect(text).toMatch(/p99 latency +31.7 ms at 223\/s \(target 50 ms\): target met/);
    expect(text).toMatch(/capacity +318\/s/);
    expect(text).toMatch(/gain +2.43x \(2.35 to 2.50\)/);
    expect(text).toMatch(/int8-dynamic-2x1-b8 +331 +318 \(308 to 328\) +chosen/);
    expect(text).toMatch(/default +136 +131 .* 0.41x/);
    expect(text).not.toMatch(/cannot be met|stopped early|synthesised/);
  });

  it("lists the checklist with what each item gained", () => {
    const text = summarizeReport(sampleReport());
    expect(text).toMatch(
      /INT8 +gained +1\.56x \([\d.]+ to [\d.]+\) +INT8Dynamic: 1\.56 times the capacity under the target/,
    );
    expect(text).toMatch(/Half precision +does not apply/);
    expect(summarizeReport(sampleReport({ checklist: [] }))).not.toContain("with/without");
  });

  it("says so when the target is infeasible, tuning was stopped, or inputs were synthesised", () => {
    const { decision, question } = sampleReport();
    const text = summarizeReport(
      sampleReport({
        completed: false,
        decision: { ...decision, feasible: false, confirmation: null, gainOverDefault: null },
        question: { ...question, workload: { ...question.workload, source: "Synthesised" } },
      }),
    );
    expect(text).toContain("p99 <= 50 ms cannot be met on this machine: the best that it reaches is 4.2 ms.");
    expect(text).toContain("stopped early");
    expect(text).toContain("synthesised");
    expect(text).toContain("not confirmed");
  });

  it("passes no control character to the terminal", () => {
    const { decision } = sampleReport();
    const text = summarizeReport(sampleReport({ decision: { ...decision, reason: "\u001b[31mred\nline" } }));
    expect(text).toContain("?[31mred?line");
    expect(text).not.toContain("\u001b");
  });
});

describe("textTable", () => {
  it("aligns columns by their widest cell", () => {
    const table = textTable(
      [{ title: "name" }, { title: "rate", align: "right" }],
      [
        ["a", "1"],
        ["long name", "1000"],
      ],
    );
    expect(table).toBe("name       rate\na             1\nlong name  1000");
  });
});
