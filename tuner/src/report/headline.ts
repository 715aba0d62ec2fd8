import type { Decision, TuningReport } from "@sweetspot/crds";
import * as format from "./format.ts";
import { html, type Markup } from "./markup.ts";
import { verdictWords } from "./verdict-words.ts";

/** The answer in words and in four figures, before any table. */
export function headline(report: TuningReport): Markup {
  const { decision, question } = report;
  return html`<header><p>Sweetspot, tuning report for</p><h1>${question.model.name}: ${decision.summary}</h1>
<div class="reason">${decision.reason}</div></header>${notes(report)}
<div class="tiles">${latencyTile(report)}${capacityTile(decision)}${gainTile(decision)}${budgetTile(report)}</div>`;
}

/** "p99 <= 50 ms". */
const targetText = ({ serviceLevel }: TuningReport["question"]): string =>
  `${format.percentileName(serviceLevel.percentile)} \u2264 ${format.milliseconds(serviceLevel.latencyMilliseconds)}`;

function latencyTile({ question, decision }: TuningReport): Markup {
  const { confirmation } = decision;
  const name = format.percentileName(question.serviceLevel.percentile);
  const label = `${name} latency, target ${format.milliseconds(question.serviceLevel.latencyMilliseconds)}`;
  if (confirmation === null) return tile(label, "not confirmed", "The budget had no room for a confirming run.");
  const { verdict } = confirmation;
  const detail = html`<span class="${verdict.result}">${verdictWords[verdict.result]}</span> at
${format.rate(confirmation.offeredRequestsPerSecond)}. ${verdict.message}`;
  return tile(label, format.milliseconds(confirmation.latencyMilliseconds), detail);
}

const capacityTile = ({ capacityRequestsPerSecond, bestReachableMilliseconds }: Decision): Markup =>
  tile(
    "Capacity under the target",
    format.rate(capacityRequestsPerSecond),
    `Requests per second of one server. At low load this machine answers in ${format.milliseconds(bestReachableMilliseconds)}.`,
  );

function gainTile({ gainOverDefault }: Decision): Markup {
  const label = "Gain over the naive default";
  if (gainOverDefault === null) return tile(label, "not measured", "There was no race against it.");
  const { estimate, low, high } = gainOverDefault;
  const range = `95 % interval ${low.toFixed(2)}x to ${high.toFixed(2)}x, from paired rounds.`;
  return tile(label, `${estimate.toFixed(2)}x`, range);
}

function budgetTile(report: TuningReport): Markup {
  const seconds = (Date.parse(report.finishedAt) - Date.parse(report.startedAt)) / 1000;
  const detail = `Budget ${format.figure(report.question.budgetSeconds)} s, ${report.candidates.length} candidates.`;
  return tile("Tuned in", `${format.figure(seconds)} s`, detail);
}

const tile = (label: string, value: string, detail: string | Markup): Markup =>
  html`<div class="tile"><div class="label">${label}</div><div class="value">${value}</div>
<div class="detail">${detail}</div></div>`;

function notes(report: TuningReport): Markup[] {
  const { decision, question } = report;
  const found: Markup[] = [];
  if (!decision.feasible) {
    found.push(html`<div class="note bad">The target ${targetText(question)} cannot be met on this machine: the best
that it reaches is ${format.milliseconds(decision.bestReachableMilliseconds)}.</div>`);
  }
  if (!report.completed) {
    found.push(html`<div class="note">Tuning was stopped early: this is the best answer so far.</div>`);
  }
  if (question.workload.source === "Synthesised") {
    found.push(html`<div class="note">No samples were given, so the inputs were synthesised: lengths and values may
differ from real traffic, and so may these figures.</div>`);
  }
  return found;
}
