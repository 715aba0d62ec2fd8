import { join } from "node:path";
import type { MadeVariant, TuningReport } from "@sweetspot/crds";
import type { Measure, Progress } from "./proof.ts";
import { type RealCase, tuneCase } from "./real-cases.ts";

const variants: MadeVariant[] = ["Source", "OpenVino", "CTranslate2", "CTranslate2INT8"];
const budgetSeconds = 120;
/** An encoder, which all engines can compute, and a network that CTranslate2 cannot. */
const encoder = "minilm-l3";
const other = "digits";

/** Tunes two models with all engines. Each must be measured, or said not to apply with the reason. */
export async function tuneOnEngines(
  cases: readonly RealCase[],
  folder: string,
  progress: Progress,
): Promise<{ readonly measures: readonly Measure[]; readonly reports: readonly TuningReport[] }> {
  const reports: TuningReport[] = [];
  for (const one of cases.filter(({ name }) => [encoder, other].includes(name))) {
    reports.push(await tuneCase(one, join(folder, "engines"), progress, { variants, budgetSeconds }));
  }
  const of = (model: string) => reports.find(({ question }) => question.model.name === model);
  const measures = [
    { name: "engines with a cost table of the sentence encoder", figure: measuredEngines(of(encoder)), atLeast: 3 },
    { name: "engines with a cost table of the digits network", figure: measuredEngines(of(other)), atLeast: 2 },
    { name: "engines that do not apply to it, with the reason", figure: refusals(of(other)), atLeast: 1 },
  ];
  return { measures, reports };
}

function measuredEngines(report: TuningReport | undefined): number {
  const measured = new Set(report?.tables.map(({ variant }) => variant));
  return new Set(report?.variants.flatMap(({ variant, engine }) => (measured.has(variant) ? [engine] : []))).size;
}

const refusals = (report: TuningReport | undefined): number =>
  new Set(
    report?.variants.flatMap(({ engine, state, message }) =>
      state === "NotApplicable" && message.includes("cannot compute it") ? [engine] : [],
    ),
  ).size;
