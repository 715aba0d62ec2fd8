import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { MadeVariant, TuningReport } from "@sweetspot/crds";
import type { Progress, ProofOutcome } from "./proof.ts";
import { realCases, tuneCase } from "./real-cases.ts";

const model = "minilm-l3";
const firstBudgetSeconds = 60;
/** What the tuner is given for its final answer; it may take longer, but not 15 minutes. */
const finalBudgetSeconds = 600;
const variants: MadeVariant[] = ["Source", "Optimized", "INT8Dynamic", "INT8Static"];
const usual = { atLeast: 2 };

/** Wall time of whole tunings of a sentence encoder: of a first usable answer, and of the final one with four variants. */
export async function proveWallTime(progress: Progress): Promise<ProofOutcome> {
  const folder = await mkdtemp(join(tmpdir(), "sweetspot-proof-"));
  try {
    const one = (await realCases(folder)).find(({ name }) => name === model);
    if (one === undefined) throw new Error("the package of the sentence encoder is not installed");
    const first = await tuneCase(one, join(folder, "first"), progress, { budgetSeconds: firstBudgetSeconds });
    const final = await tuneCase(one, join(folder, "final"), progress, { budgetSeconds: finalBudgetSeconds, variants });
    const looked = final.variants.filter(({ state }) => state === "Ready").length;
    return {
      measures: [
        { name: "first usable answer", figure: secondsOf(first), atMost: 60, unit: "s" },
        { name: "candidates that it raced", figure: racedIn(first), ...usual },
        { name: "final answer", figure: secondsOf(final), atMost: 900, unit: "s" },
        { name: "candidates that it raced", figure: racedIn(final), ...usual },
        { name: "variants that it looked at", figure: looked, atLeast: variants.length },
      ],
      raw: [first, final].map(inShort),
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const secondsOf = ({ startedAt, finishedAt }: TuningReport): number =>
  (Date.parse(finishedAt) - Date.parse(startedAt)) / 1000;

/** Only what was raced is an answer from measurements. */
const racedIn = ({ candidates }: TuningReport): number => candidates.filter(({ measured }) => measured !== null).length;

const inShort = ({ startedAt, finishedAt, decision, variants: looked, candidates, findings }: TuningReport) => ({
  startedAt,
  finishedAt,
  winner: decision.summary,
  reason: decision.reason,
  gainOverDefault: decision.gainOverDefault,
  confirmation: decision.confirmation,
  leftOut: findings.filter(({ topic }) => topic === "Budget").map(({ message }) => message),
  variants: looked.map(({ variant, state, seconds }) => ({ variant, state, seconds })),
  rounds: candidates.map(({ name, rounds }) => ({ name, rounds: rounds.length })),
});
