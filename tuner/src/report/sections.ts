import type { Candidate, ChecklistItem, Environment, Finding, TuningReport, VariantResult } from "@sweetspot/crds";
import * as format from "./format.ts";
import { htmlTable } from "./html-table.ts";
import { html, type Markup } from "./markup.ts";
import { tuneCommand } from "./reproduce.ts";

/** Winner first, then by measured capacity, then by predicted; the naive default is where its capacity puts it. */
export function ranked(report: TuningReport): Candidate[] {
  const capacity = (candidate: Candidate) =>
    candidate.measured?.estimate ?? candidate.prediction?.capacityRequestsPerSecond ?? 0;
  const order = (candidate: Candidate) =>
    candidate.name === report.decision.winner ? 0 : candidate.measured !== null ? 1 : 2;
  return report.candidates.toSorted((a, b) => order(a) - order(b) || capacity(b) - capacity(a));
}

const candidateColumns = [
  { title: "candidate" },
  { title: "predicted capacity", number: true },
  { title: "measured capacity", number: true },
  { title: "why it lost" },
];

export function candidateTable(report: TuningReport): Markup {
  const rows = ranked(report).map((candidate) => {
    const { name, summary, prediction, measured, lost } = candidate;
    const winner = name === report.decision.winner;
    const role = candidate.role === "Incumbent" ? html`<br><small>the naive default</small>` : null;
    const cells = [
      html`<b>${name}</b><br><small>${summary}</small>${role}`,
      prediction === null ? "-" : format.rate(prediction.capacityRequestsPerSecond),
      html`${measured === null ? "not raced" : format.rate(measured.estimate)}${measuredRange(candidate)}`,
      winner ? html`<b>chosen</b>` : lost,
    ];
    return { kind: winner ? "winner" : "loser", cells };
  });
  return htmlTable("candidates", candidateColumns, rows);
}

const measuredRange = ({ measured }: Candidate): Markup | null =>
  measured && html`<br><small>${format.figure(measured.low)} to ${format.figure(measured.high)}</small>`;

const variantColumns = [
  { title: "variant" },
  { title: "state" },
  { title: "size", number: true },
  { title: "quality lost", number: true },
  { title: "verdict" },
  { title: "may win" },
];

export function variantTable(variants: readonly VariantResult[]): Markup {
  const rows = variants.map(({ variant, engine, state, message, seconds, bytes, quality, eligible, twin }) => {
    const loss = quality && html`${format.percentInterval(quality.loss)}<br><small>${quality.metric}</small>`;
    const cells = [
      html`<b>${variant}</b><br><small>${engine}</small>`,
      html`<span class="${state}">${state}</span><br><small>${message}</small>`,
      html`${bytes === null ? "-" : format.bytes(bytes)}<br><small>${format.figure(seconds)} s to make</small>`,
      loss ?? "not judged",
      quality === null ? "-" : verdictCell(quality),
      eligible ? "yes" : twin === undefined ? "no" : html`no<br><small>${twin} loses less</small>`,
    ];
    return { cells };
  });
  return htmlTable("variants", variantColumns, rows);
}

function verdictCell({ verdict, samples, moreSamples }: NonNullable<VariantResult["quality"]>): Markup {
  const more = moreSamples === null ? "" : `, about ${moreSamples} samples more would decide`;
  return html`<span class="${verdict}">${verdict}</span><br><small>${samples} samples${more}</small>`;
}

const outcomes: Readonly<Record<Finding["outcome"], string>> = {
  Gained: "gained",
  Lost: "lost",
  NotApplicable: "does not apply",
  Warning: "warning",
};

export function findingList(findings: readonly Finding[]): Markup {
  const items = findings.map(
    ({ topic, outcome, message }) =>
      html`<li><span>${topic}</span><span class="${outcome}">${outcomes[outcome]}</span><span>${message}</span></li>`,
  );
  return html`<ul class="findings">${items}</ul>`;
}

/** What became of an item of the checklist, and its words in the order in which people want to read them. */
export const checklistWords: Readonly<Record<ChecklistItem["outcome"], string>> = {
  Gained: "gained",
  Lost: "lost",
  NoDifference: "no difference",
  Checked: "checked",
  NotApplicable: "does not apply",
  NotTried: "not tried",
};

/** The topics of the checklist in words. */
export const checklistTopics: Readonly<Record<ChecklistItem["topic"], string>> = {
  Versions: "Versions",
  SystemActivity: "System activity",
  Bottleneck: "Bottleneck",
  OverlapInput: "Overlapped input",
  Padding: "No over-padding",
  ImageDecoding: "Image decoding",
  HalfPrecision: "Half precision",
  INT8: "INT8",
  Batching: "Batching",
  OptimizedEngine: "Optimized engine",
  DistilledModel: "Distilled model",
  CorePinning: "Core pinning",
  SequenceBucketing: "Sequence buckets",
};

const checklistColumns = [
  { title: "item" },
  { title: "outcome" },
  { title: "with over without", number: true },
  { title: "what was found" },
];

export function checklistTable(items: readonly ChecklistItem[]): Markup {
  const rows = items.map(({ topic, outcome, ratio, message }) => {
    const range = ratio && html`<br><small>${ratio.low.toFixed(2)} to ${ratio.high.toFixed(2)}</small>`;
    const cells = [
      checklistTopics[topic],
      html`<span class="${outcome}">${checklistWords[outcome]}</span>`,
      ratio && html`${ratio.estimate.toFixed(2)}x${range}`,
      message,
    ];
    return { cells };
  });
  return htmlTable("checklist", checklistColumns, rows);
}

export function environmentList(environment: Environment): Markup {
  const { cpuModel, architecture, instructionSets, usableCpus, hostCpus, threadsPerCore, noise } = environment;
  const versions = Object.entries(environment.versions).map(([name, version]) => `${name} ${version}`);
  return definitions([
    ["CPU", `${cpuModel} (${architecture})`],
    ["Instruction sets", instructionSets.join(", ") || "none known"],
    ["CPUs", `${usableCpus} usable of ${hostCpus}, ${threadsPerCore} per core`],
    ["CPU quota", environment.cpuQuota === null ? "none" : `${format.figure(environment.cpuQuota)} CPUs`],
    ["Memory", format.bytes(environment.memoryBytes)],
    ["cgroup", environment.cgroupVersion === 0 ? "none" : `v${environment.cgroupVersion}`],
    ["Frequency governor", environment.governor ?? "unknown"],
    ["Kernel", environment.kernel],
    ["Versions", versions.join(", ") || "unknown"],
    ["Noise", noise === null ? "not measured" : `${format.percent(noise)} between equal runs (p90 over p10)`],
    ["A/A test", aaWords(environment)],
    ["Accelerators", environment.accelerators?.join(", ") || "none found"],
  ]);
}

const aaWords = ({ noiseFactor }: Environment): string =>
  noiseFactor === null ? "not done" : `equal series differ by up to ${format.percent(noiseFactor - 1)}`;

export function reproduction(report: TuningReport): Markup {
  const { question } = report;
  const samples = question.workload.source === "Samples" ? "given samples" : "synthesised inputs";
  return html`<pre>${tuneCommand(question)}</pre>
<pre>sweetspot serve --plan plan.json</pre>
${definitions([
  ["Model", `${question.model.name}, ${question.model.digest}`],
  ["Workload", `${question.workload.samples} ${samples}, ${question.workload.digest}`],
  ["Question", report.questionDigest],
  ["Plan", report.decision.plan.revision],
  ["Tuned", `${report.startedAt} to ${report.finishedAt}`],
])}`;
}

const definitions = (entries: readonly (readonly [string, string])[]): Markup =>
  html`<dl>${entries.map(([term, value]) => html`<dt>${term}</dt><dd>${value}</dd>`)}</dl>`;
