import type { QualityResult } from "@sweetspot/crds";
import { percentInterval } from "../report/format.ts";
import type { TuningState } from "../tuning-state.ts";
import {
  type MissingVariant,
  makeVariant,
  type ReadyVariant,
  rankNodes,
  type VariantContext,
} from "../variants/make-variant.ts";
import { type Mix, nextMix } from "../variants/mixed-search.ts";
import type { Judgement, QualityJudge } from "./quality-judge.ts";

/** The search ends when this share of the budget is gone. */
const deadlineShare = 0.4;
const variant = "INT8StaticMixed";

/** A mix that passed, with the judgement that let it, or why there is none. */
export type MixedOutcome = { readonly ready: ReadyVariant; readonly judgement: Judgement } | MissingVariant;

/**
 * Searches for the fewest operators that must stay FP32 so that static INT8 passes the quality gate: those that lose most
 * when they alone are quantized stay, and each mix goes through the gate as any variant does. Bounded by time.
 * `failed`: all operators in INT8 are known to lose too much.
 */
export async function makeMixed(
  state: TuningState,
  context: VariantContext,
  judge: QualityJudge,
  failed: boolean,
): Promise<MixedOutcome> {
  const started = state.budget.elapsed();
  const missing = (message: string, ended: MissingVariant["state"] = "Skipped"): MissingVariant => ({
    state: ended,
    variant,
    seconds: state.budget.elapsed() - started,
    message,
  });
  state.say("Variants", "Ranking operators by what they lose in INT8");
  const ranking = await rankNodes(state.model.source, context);
  if (!("nodes" in ranking)) return missing(ranking.message, ranking.state);
  const { nodes } = ranking;
  const tried: Mix[] = failed ? [{ kept: 0, passed: false }] : [];
  let best: (MixedOutcome & { readonly ready: ReadyVariant }) | null = null;
  let last: QualityResult | null = null;
  for (let kept = nextMix(nodes.length, tried); kept !== null; kept = nextMix(nodes.length, tried)) {
    if (state.budget.until(deadlineShare) === 0) break;
    state.say("Quality", `Trying INT8 with ${kept} of ${nodes.length} operators in FP32`);
    const made = await makeVariant(variant, state.model.source, context, { keep: nodes.slice(0, kept) });
    if (made.state !== "Ready") return best ?? made;
    const judgement = await judge.judge(variant, made.file);
    const passed = judgement.eligible;
    tried.push({ kept, passed });
    last = judgement.quality;
    if (!passed) continue;
    const message = `${kept} of ${nodes.length} operators stay FP32, because the quality gate wants it; ${tried.length} mixes were tried.`;
    best = { ready: { ...made, message, seconds: state.budget.elapsed() - started }, judgement };
  }
  return best ?? missing(noMix(tried, nodes.length, last));
}

function noMix(tried: readonly Mix[], nodes: number, last: QualityResult | null): string {
  const most = Math.max(0, ...tried.map(({ kept }) => kept));
  const loss = last === null ? "" : `, and lost ${percentInterval(last.loss)}`;
  return `No mix of INT8 and FP32 passed the quality gate in the time that there was: the last one left ${most} of ${nodes} operators in FP32${loss}.`;
}
