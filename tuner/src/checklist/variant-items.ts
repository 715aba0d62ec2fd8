import type { ChecklistItem, ChecklistTopic, MeasuredRatio, VariantName, VariantResult } from "@sweetspot/crds";
import { figure, percentInterval } from "../report/format.ts";
import { type Evidence, measured, notApplicable, notTried } from "./item.ts";
import { racedPair, raceRatio, sameLayout, tableRatio } from "./ratios.ts";

type VariantTopic = Extract<ChecklistTopic, "HalfPrecision" | "INT8" | "OptimizedEngine" | "DistilledModel">;

/** The item that a variant belongs to; null for the source, which all are held against. */
export function topicOfVariant({ variant, engine }: Pick<VariantResult, "variant" | "engine">): VariantTopic | null {
  const name: string = variant;
  if (/^(FP16|BF16)/.test(name)) return "HalfPrecision";
  if (/^INT8/.test(name)) return "INT8";
  if (/^Optimi[sz]ed/.test(name) || engine !== "OnnxRuntime") return "OptimizedEngine";
  return name === "Source" ? null : "DistilledModel";
}

/** One item about all variants of a kind: the best that was measured, else why none was. */
export function variantItem(topic: VariantTopic, evidence: Evidence): ChecklistItem {
  const results = evidence.variants.filter((variant) => topicOfVariant(variant) === topic);
  if (results.length === 0) return untried(topic, evidence);
  const items = results.map((result) => judged(topic, result, evidence));
  const best = items.toSorted((a, b) => (b.ratio?.estimate ?? 0) - (a.ratio?.estimate ?? 0))[0] as ChecklistItem;
  const lead = best.ratio !== null ? best : (items.find(({ outcome }) => outcome === "NotApplicable") ?? best);
  const message = items.map((item) => item.message).join(" ");
  return lead.ratio === null ? { ...lead, message: message.slice(0, 1024) } : measured(topic, lead.ratio, message);
}

function judged(topic: VariantTopic, result: VariantResult, evidence: Evidence): ChecklistItem {
  const { variant, state, message, quality, eligible } = result;
  if (state === "NotApplicable") return notApplicable(topic, `${variant}: ${message}`);
  if (result.twin !== undefined) return notTried(topic, `${variant} passes too, and loses more than ${result.twin}.`);
  if (state === "Skipped") return notTried(topic, `${variant} was not made. ${message}`);
  if (state !== "Ready") return notTried(topic, `${variant} could not be made: ${message}`);
  if (!eligible) return refused(topic, variant, quality, evidence);
  const ratio = speedOf(variant, evidence);
  if (ratio === null) return notTried(topic, `${variant} may win, and there was no time to measure its speed.`);
  const how = ratio.basis === "Race" ? "capacity under the target" : "speed of the engine";
  const lost = quality === null ? "" : ` Quality lost by ${quality.metric}: ${percentInterval(quality.loss)}.`;
  const times = figure(ratio.estimate);
  return measured(topic, ratio, `${variant}: ${times} times the ${how} of the source model in the same layout.${lost}`);
}

function refused(
  topic: VariantTopic,
  variant: VariantName,
  quality: VariantResult["quality"],
  { question }: Evidence,
): ChecklistItem {
  if (quality === null) return notTried(topic, `${variant} may not win: without samples its quality cannot be judged.`);
  const allowed = `${question.quality.maximumLossBasisPoints / 100} % allowed`;
  const loss = `${variant} loses ${percentInterval(quality.loss)} by ${quality.metric}, ${allowed}`;
  if (quality.verdict === "Fail") return notApplicable(topic, `Quality forbids it: ${loss}.`);
  const more = quality.moreSamples === null ? "" : ` About ${quality.moreSamples} more samples would decide.`;
  return notTried(topic, `Its quality is not decided: ${loss}.${more}`);
}

/** Over the source: from the race where both ran in one layout, else from the cost tables of a layout that both have. */
function speedOf(variant: VariantName, { candidates, tables, environment, decision }: Evidence): MeasuredRatio | null {
  const relevant = candidates.filter((candidate) => candidate.variant === variant || candidate.variant === "Source");
  const pair = racedPair(relevant, (candidate) => candidate.variant === variant, sameLayout);
  const raced = pair && raceRatio(...pair, environment);
  if (raced !== null) return raced;
  const { layout } = decision.plan;
  const ratios = tables
    .filter((table) => table.variant === variant)
    .toSorted((a, b) => Number(chosen(b)) - Number(chosen(a)))
    .flatMap((own) => {
      const source = tables.find((table) => table.variant === "Source" && sameLayout(table, own));
      const ratio = source && tableRatio(own.table, source.table, environment);
      return ratio == null ? [] : [ratio];
    });
  return ratios[0] ?? null;

  function chosen(table: { readonly layout: typeof layout }): boolean {
    return table.layout.instances === layout.instances && table.layout.threadsPerInstance === layout.threadsPerInstance;
  }
}

/** Why there is no variant of a kind at all. */
function untried(topic: VariantTopic, { environment, question }: Evidence): ChecklistItem {
  if (topic === "HalfPrecision") {
    const { accelerators } = environment;
    if (accelerators === null)
      return notTried(topic, "Nobody looked for an accelerator; on CPUs half precision is slow.");
    if (accelerators.length === 0)
      return notApplicable(topic, "No accelerator was found; on CPUs half precision is slow.");
    return notTried(topic, `There is ${accelerators.join(", ")}, and the engine of this release runs on the CPU.`);
  }
  if (topic === "INT8")
    return notTried(topic, `The question asked for no INT8 variant, only for: ${question.variants.join(", ")}.`);
  if (topic === "OptimizedEngine") {
    return notTried(topic, "ONNX Runtime with its graph optimizations is the only engine that was measured.");
  }
  return notTried(topic, "No smaller model that was distilled from this one was given.");
}
