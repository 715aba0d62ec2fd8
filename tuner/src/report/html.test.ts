import { describe, expect, it } from "vitest";
import { renderReport } from "./html.ts";
import { sampleReport } from "./testing/sample-report.ts";

const page = renderReport(sampleReport());

/** The figure of this title, without the rest of the page. */
function figureOf(text: string, title: string): string {
  const start = text.indexOf(`<figure><h3>${title}</h3>`);
  expect(start).toBeGreaterThan(0);
  return text.slice(start, text.indexOf("</figure>", start));
}

describe("renderReport", () => {
  it("says first what was chosen, how it does against the target, what it carries and gains", () => {
    const top = page.slice(page.indexOf("<body>"), page.indexOf("<h2>"));
    expect(top).toContain("OnnxRuntime INT8Dynamic, 2x1 threads, batch &lt;= 8");
    expect(top).toContain("31.7 ms");
    expect(top).toContain("target met");
    expect(top).toContain("3 of 2230 requests missed the target");
    expect(top).toContain("318/s");
    expect(top).toContain("2.43x");
    expect(top).toContain("2.35x to 2.50x");
  });

  it("names each candidate with the reason why it lost", () => {
    const report = sampleReport();
    for (const { name, lost } of report.candidates) {
      expect(page).toContain(`<b>${name}</b>`);
      if (lost !== null) expect(page).toContain(lost.replaceAll("'", "&#39;"));
    }
    expect(page.match(/<b>chosen<\/b>/g)).toHaveLength(1);
  });

  it("needs nothing but itself: no script, no link, no resource", () => {
    expect(page).not.toMatch(/<script|<link|<img|<iframe|@import|url\(|src=|href=/i);
    expect(page).toContain("default-src 'none'");
  });

  it("escapes every text of the report", () => {
    const evil = `<script>alert("x")</script>'&`;
    const report = sampleReport();
    const soiled = renderReport({
      ...report,
      environment: { ...report.environment, cpuModel: evil, kernel: evil, governor: evil, versions: { [evil]: evil } },
      variants: report.variants.map((variant) => ({ ...variant, message: evil })),
      candidates: report.candidates.map((candidate) => ({ ...candidate, summary: evil, lost: evil })),
      findings: report.findings.map((finding) => ({ ...finding, message: evil })),
      checklist: report.checklist.map((item) => ({ ...item, message: evil })),
      decision: { ...report.decision, summary: evil, reason: evil },
    });
    expect(soiled).not.toContain("<script>");
    expect(soiled).toContain("&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt;&#39;&amp;");
  });

  it("draws a point for every cell of every table and for every round", () => {
    const { tables, candidates } = sampleReport();
    const cells = tables.reduce((sum, { table }) => sum + table.cells.length, 0);
    expect(page.match(/rows of length/g)).toHaveLength(cells);
    const rounds = candidates.flatMap(({ rounds }) => rounds);
    expect(page.match(/<title>round \d+:/g)).toHaveLength(rounds.length);
    expect(page.match(/, void<\/title>/g)).toHaveLength(rounds.filter((round) => round.void).length);
  });

  it("draws latency against rate for each raced candidate, with the target and the confirmed point", () => {
    const figure = figureOf(page, "p99 latency against the offered rate");
    for (const tone of ["winner", "rival0", "naive"]) expect(figure).toContain(`class="line ${tone}"`);
    expect(figure).toContain("target 50 ms");
    expect(figure).toContain("confirmed: 31.7 ms");
    // A report from before the workload was recorded cannot be simulated.
    const { requestShapes: _, ...old } = sampleReport();
    expect(renderReport(old)).not.toContain("latency against the offered rate");
  });

  it("maps the winner's table: a field for each length and batch size, the darkest where a row takes least", () => {
    const map = figureOf(page, "Map of s(b, L) of the winner");
    const { tables, candidates, decision } = sampleReport();
    const winner = candidates.find(({ name }) => name === decision.winner);
    const cells = tables.find(({ variant }) => variant === winner?.variant)?.table.cells ?? [];
    const [lengths, rows] = [new Set(cells.map(({ length }) => length)), new Set(cells.map((cell) => cell.rows))];
    expect(map.match(/<rect /g)).toHaveLength(lengths.size * rows.size);
    expect((map.match(/class="shade5"/g) ?? []).length).toBeGreaterThanOrEqual(lengths.size);
  });

  it("draws the same page for the same report", () => {
    expect(renderReport(sampleReport())).toBe(page);
  });

  it("draws what each variant loses against the limit, and marks what failed", () => {
    const figure = figureOf(page, "Quality lost by each variant");
    expect(figure).toContain("limit 1 %");
    expect(figure.match(/class="dot (Pass|Fail)"/g)).toEqual(['class="dot Pass"', 'class="dot Fail"']);
  });

  it("draws each item of the checklist that was measured, the largest gain first", () => {
    const figure = figureOf(page, "Gains and losses");
    const measured = sampleReport().checklist.filter(({ ratio }) => ratio !== null);
    expect(figure.match(/<rect class="Gained"/g)).toHaveLength(measured.length);
    expect(figure.indexOf("INT8: ")).toBeLessThan(figure.indexOf("Core pinning: "));
  });

  it("says in every cell what it is, for screens that have no room for a head", () => {
    for (const cell of page.match(/<td[^>]*>/g) ?? []) expect(cell).toMatch(/data-title="[a-z ]+"/);
  });

  it("draws no coordinate that is not a number", () => {
    expect(page).not.toMatch(/NaN|Infinity|undefined|\[object/);
  });

  it("is well-formed: each element that is opened is closed", () => {
    const voids = new Set(["meta", "br", "!doctype"]);
    const open: string[] = [];
    for (const [, close, name = "", rest = ""] of page.matchAll(/<(\/?)([!a-zA-Z0-9]+)([^>]*)>/g)) {
      if (close) expect(open.pop()).toBe(name);
      else if (!voids.has(name.toLowerCase()) && !rest.endsWith("/")) open.push(name);
    }
    expect(open).toEqual([]);
  });

  it("warns of an infeasible target, an early stop and synthesised inputs", () => {
    const { decision, question } = sampleReport();
    const warned = renderReport(
      sampleReport({
        completed: false,
        decision: { ...decision, feasible: false, confirmation: null, gainOverDefault: null },
        question: { ...question, workload: { ...question.workload, source: "Synthesised" } },
      }),
    );
    expect(warned).toContain("p99 \u2264 50 ms cannot be met on this machine");
    expect(warned).toContain("stopped early");
    expect(warned).toContain("inputs were synthesised");
    expect(warned).toContain("not confirmed");
    for (const warning of ["cannot be met", "stopped early", "inputs were synthesised"]) {
      expect(page).not.toContain(warning);
    }
  });

  it("says of each item of the checklist what it gained, or why nothing", () => {
    const section = page.slice(page.indexOf("<h2>Checklist</h2>"), page.indexOf("<h2>What helped"));
    const { checklist } = sampleReport();
    expect(section.match(/data-title="item"/g)).toHaveLength(checklist.length);
    expect(section).toMatch(/Core pinning<.*?<span class="Gained">gained<.*?1\.21x/);
    expect(section).toMatch(/Distilled model<.*?<span class="NotTried">/);
  });

  it("leaves out what was never done", () => {
    const report = sampleReport();
    const bare = renderReport({
      ...report,
      tables: [],
      variants: report.variants.map((variant) => ({ ...variant, quality: null })),
      findings: [],
      checklist: [],
      candidates: report.candidates.map((candidate) => ({ ...candidate, rounds: [], measured: null })),
    });
    for (const title of [
      "Checklist",
      "Cost tables: time per row by batch size",
      "Predicted against measured",
      "What helped and what did not",
    ]) {
      expect(page).toContain(`<h2>${title}</h2>`);
      expect(bare).not.toContain(`<h2>${title}</h2>`);
    }
    for (const title of ["Capacity in the race", "Quality lost by each variant", "Gains and losses"]) {
      expect(page).toContain(`<h3>${title}</h3>`);
      expect(bare).not.toContain(`<h3>${title}</h3>`);
    }
  });

  it("draws candidates that carry nothing and a table of one cell", () => {
    const report = sampleReport();
    const nothing = { estimate: 0, low: 0, high: 0 };
    const poor = renderReport({
      ...report,
      candidates: report.candidates.map((candidate) => ({
        ...candidate,
        rounds: [{ round: 0, capacityRequestsPerSecond: 0, void: false }],
        prediction: { capacityRequestsPerSecond: 0, latencyAt70PercentMilliseconds: 0, meanBatchRows: 0 },
        measured: nothing,
      })),
      tables: report.tables.map((measured) => ({
        ...measured,
        table: { ...measured.table, cells: measured.table.cells.slice(0, 1) },
      })),
    });
    expect(poor).not.toMatch(/NaN|Infinity|undefined/);
  });

  it("repeats the command with what was asked", () => {
    expect(page).toContain("--p99 50ms");
    expect(page).toContain("--max-quality-loss 1%");
    expect(page).toContain("--samples SAMPLES");
    expect(page).not.toContain("--variants");
  });
});
