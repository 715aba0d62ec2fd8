import type { Candidate, TuningReport } from "@sweetspot/crds";
import * as format from "./format.ts";
import { checklistTopics, checklistWords, ranked } from "./sections.ts";
import { printable, textTable } from "./text-table.ts";
import { verdictWords } from "./verdict-words.ts";

/** The decision for a terminal: what was chosen, how it does, and why each other candidate lost. Ends without a newline. */
export function summarizeReport(report: TuningReport): string {
  const { question, decision } = report;
  return [
    printable(`${question.model.name}: ${decision.summary}`),
    printable(decision.reason),
    ...warnings(report),
    "",
    facts(report),
    "",
    candidateTable(report),
    ...checklist(report),
  ].join("\n");
}

function warnings({ question, decision, completed }: TuningReport): string[] {
  const { percentile, latencyMilliseconds } = question.serviceLevel;
  const found: string[] = [];
  if (!decision.feasible) {
    found.push(
      `The target ${format.percentileName(percentile)} <= ${format.milliseconds(latencyMilliseconds)} cannot be met on ` +
        `this machine: the best that it reaches is ${format.milliseconds(decision.bestReachableMilliseconds)}.`,
    );
  }
  if (!completed) found.push("Tuning was stopped early: this is the best answer so far.");
  if (question.workload.source === "Synthesised") {
    found.push("No samples were given, so the inputs were synthesised; real traffic may do differently.");
  }
  return found;
}

function facts(report: TuningReport): string {
  const { decision, question } = report;
  const gain = decision.gainOverDefault;
  const rows = [
    [`${format.percentileName(question.serviceLevel.percentile)} latency`, latency(report)],
    ["capacity", `${format.rate(decision.capacityRequestsPerSecond)} under the target`],
    ["gain", gain === null ? "not measured" : `${format.ratio(gain)} over the naive default`],
  ];
  return rows.map(([name = "", value]) => `${name.padEnd(14)}${value}`).join("\n");
}

function latency({ decision, question }: TuningReport): string {
  const target = format.milliseconds(question.serviceLevel.latencyMilliseconds);
  const { confirmation } = decision;
  if (confirmation === null) return `not confirmed (target ${target}); the budget had no room for it`;
  const { latencyMilliseconds, offeredRequestsPerSecond, verdict } = confirmation;
  return (
    `${format.milliseconds(latencyMilliseconds)} at ${format.rate(offeredRequestsPerSecond)} ` +
    `(target ${target}): ${verdictWords[verdict.result]}`
  );
}

function candidateTable(report: TuningReport): string {
  const measured = (candidate: Candidate) =>
    candidate.measured === null ? "-" : `${format.interval(candidate.measured)}`;
  const rows = ranked(report).map((candidate) => [
    candidate.name,
    candidate.prediction === null ? "-" : format.figure(candidate.prediction.capacityRequestsPerSecond),
    measured(candidate),
    candidate.lost ?? "chosen",
  ]);
  const columns = [
    { title: "candidate" },
    { title: "predicted/s", align: "right" },
    { title: "measured/s", align: "right" },
    { title: "why it lost" },
  ] as const;
  return textTable(columns, rows);
}

/** Every item of the serving checklist; nothing for a report from before there was one. */
function checklist({ checklist: items }: TuningReport): string[] {
  if (items.length === 0) return [];
  const rows = items.map(({ topic, outcome, ratio, message }) => [
    checklistTopics[topic],
    checklistWords[outcome],
    ratio === null ? "" : format.ratio(ratio),
    message,
  ]);
  const columns = [
    { title: "checklist" },
    { title: "outcome" },
    { title: "with/without" },
    { title: "what was found" },
  ];
  return ["", textTable(columns, rows)];
}
