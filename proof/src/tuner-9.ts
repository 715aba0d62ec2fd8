import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TuningReport } from "@sweetspot/crds";
import { tuneOnEngines } from "./engine-cases.ts";
import type { Measure, Progress, ProofOutcome } from "./proof.ts";
import { realCases, tuneCase } from "./real-cases.ts";

/** What a report says of batching and of INT8, where it is a loss. */
interface Losses {
  /** A finding says that batching does not pay. */
  readonly batching: boolean;
  /** A variant in INT8 that was measured was slower, or loses too much, and a finding says so. */
  readonly int8: boolean;
}

/**
 * Tunes packaged models as a user would, 45 s each: an OCR detector, recogniser and classifier, a network for digits with labels, and
 * a sentence encoder. Each must end with a complete decision, and what does not pay must be said. Then two of them on all engines.
 */
export async function proveRealCases(progress: Progress): Promise<ProofOutcome> {
  const folder = await mkdtemp(join(tmpdir(), "sweetspot-proof-"));
  try {
    const cases = await realCases(folder);
    const reports: TuningReport[] = [];
    for (const one of cases) reports.push(await tuneCase(one, folder, progress));
    const onEngines = await tuneOnEngines(cases, folder, progress);
    const losses = reports.map(lossesOf);
    const count = (holds: (one: Losses) => boolean) => losses.filter(holds).length;
    const measures: Measure[] = [
      { name: "models with a complete decision", figure: reports.filter(isComplete).length, atLeast: 5 },
      { name: "decisions against their own evidence", figure: reports.filter(contradictsItself).length, atMost: 0 },
      { name: "where batching loses and the report says so", figure: count(({ batching }) => batching), atLeast: 1 },
      { name: "where INT8 loses and the report says so", figure: count(({ int8 }) => int8), atLeast: 1 },
      ...onEngines.measures,
    ];
    return { measures, raw: [...reports, ...onEngines.reports].map(inShort) };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Raced, decided, and every variant that was wanted has a line that says what became of it. */
const isComplete = ({ completed, candidates, question, variants, checklist }: TuningReport): boolean =>
  completed &&
  candidates.filter(({ measured }) => measured !== null).length >= 2 &&
  question.variants.every((name) => variants.some(({ variant }) => variant === name)) &&
  checklist.length > 0;

/** A winner that may not win, or that is not the naive default although its gain is not certain. */
function contradictsItself({ decision, candidates, variants }: TuningReport): boolean {
  const winner = candidates.find(({ name }) => name === decision.winner);
  const variant = variants.find(({ variant: name }) => name === winner?.variant);
  if (winner === undefined || variant?.eligible !== true) return true;
  return winner.role !== "Incumbent" && decision.gainOverDefault !== null && decision.gainOverDefault.low <= 1;
}

function lossesOf({ findings, variants }: TuningReport): Losses {
  const says = (topic: string, words: RegExp) =>
    findings.some((finding) => finding.topic === topic && finding.outcome === "Lost" && words.test(finding.message));
  const int8 = variants.some(({ variant }) => variant.startsWith("INT8"));
  return {
    batching: says("Batching", /does not pay/),
    int8:
      int8 &&
      (says("Quantization", /^INT8\w+ (does not pay|is not among)/) ||
        says("Quality", /^INT8\w+ may not win(?!.*would decide)/)),
  };
}

/** What somebody needs to check the figures again. */
const inShort = ({ question, decision, variants, candidates, findings, tables }: TuningReport) => ({
  model: question.model.name,
  winner: decision.summary,
  reason: decision.reason,
  gainOverDefault: decision.gainOverDefault,
  confirmation: decision.confirmation,
  variants: variants.map(({ variant, state, message, quality }) => ({ variant, state, message, quality })),
  raced: candidates
    .filter(({ measured }) => measured !== null)
    .map(({ name, prediction, measured }) => ({ name, predicted: prediction?.capacityRequestsPerSecond, measured })),
  findings: findings.map(({ topic, outcome, message }) => `${topic}, ${outcome}: ${message}`),
  tables: tables.map(({ variant, layout, heldOutError }) => ({ variant, layout, heldOutError })),
});
