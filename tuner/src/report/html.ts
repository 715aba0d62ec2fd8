import type { TrafficReplay, TuningReport } from "@sweetspot/crds";
import { checklistPlot } from "./checklist-plot.ts";
import { costPlot } from "./cost-plot.ts";
import { headline } from "./headline.ts";
import { heatMap } from "./heat-map.ts";
import { latencyPlot } from "./latency-plot.ts";
import { html, Markup } from "./markup.ts";
import { paretoPlot } from "./pareto-plot.ts";
import { qualityPlot } from "./quality-plot.ts";
import { predictionPlot, racePlot } from "./race-plot.ts";
import { replaySection } from "./replay.ts";
import {
  candidateTable,
  checklistTable,
  environmentList,
  findingList,
  ranked,
  reproduction,
  variantTable,
} from "./sections.ts";
import { styleSheet } from "./style.ts";
import { tonesOf } from "./tone.ts";

/**
 * The report as one HTML page that needs nothing else: no script, no font, no image from anywhere. Every text of the
 * report is escaped, and the page's own policy forbids what could still get in. With a
 * `replay` it says too what recorded traffic would have met under each plan.
 */
export function renderReport(report: TuningReport, replay: TrafficReplay | null = null): string {
  const { findings } = report;
  const page = html`<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${report.question.model.name} - Sweetspot tuning report</title>
<style>${new Markup(styleSheet)}</style></head><body>
${headline(report)}
${section("At a glance", plots(glance(report)))}
${section("Candidates", candidateTable(report))}
${section("Recorded traffic under each plan", replay && replaySection(replay))}
${section("Variants and quality", html`${variantTable(report.variants)}${plots([qualityPlot(report)])}`)}
${section("Checklist", report.checklist.length === 0 ? null : checklistTable(report.checklist))}
${section("What helped and what did not", findings.length === 0 ? null : findingList(findings))}
${section("Predicted against measured", plots([predictionPlot(ranked(report), tonesOf(report))]))}
${section("Cost tables: time per row by batch size", plots([heatMap(report), ...report.tables.map(costPlot)]))}
${section("Environment", environmentList(report.environment))}
${section("Reproduce", reproduction(report))}
</body></html>
`;
  return page.text;
}

/** What people would rather look at than read. */
const glance = (report: TuningReport): (Markup | null)[] => [
  racePlot(ranked(report), tonesOf(report)),
  latencyPlot(report),
  paretoPlot(report),
  checklistPlot(report.checklist),
];

/** A part of the page; what has no content is left out. */
const section = (title: string, content: Markup | null): Markup | null =>
  content && html`<section><h2>${title}</h2>${content}</section>`;

function plots(drawn: readonly (Markup | null)[]): Markup | null {
  const present = drawn.filter((plot) => plot !== null);
  return present.length === 0 ? null : html`<div class="plots">${present}</div>`;
}
