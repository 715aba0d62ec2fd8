import { join } from "node:path";
import type { VariantName } from "@sweetspot/crds";
import type { TuningState } from "../tuning-state.ts";
import { type MissingVariant, makeVariant, type ReadyVariant } from "../variants/make-variant.ts";
import { findPython } from "../variants/python-environment.ts";
import { calibrationSamples, QualityJudge } from "./quality-judge.ts";

/** No variant may take longer to make than this share of the budget, and none needs more memory than this. */
const variantShare = 0.25;
const memoryBytes = 8 * 1024 ** 3;

/**
 * Makes every wanted variant and judges the lossy ones. Only what passed may win; a failure is a result and never ends
 * the tuning.
 */
export async function makeVariants(state: TuningState): Promise<void> {
  const { request, model, environment, budget, signal } = state;
  const names = withSource(request.variants);
  const context = {
    directory: join(request.outputDirectory, "variants"),
    calibration: calibrationSamples(model.samples.samples),
    timeoutSeconds: Math.max(20, variantShare * budget.seconds),
    memoryBytes,
    python: names.length > 1 ? await findPython() : null,
    environment,
    signal,
  };
  state.say("Variants", `Making ${names.slice(1).join(" and ") || "nothing but the source"}`);
  // The tools mostly wait for one core each, so making variants side by side takes little more than the slowest.
  const outcomes = await Promise.all(
    names.map((name) => (canWin(state, name) ? makeVariant(name, model.source, context) : unprovable(name))),
  );
  signal.throwIfAborted();
  const judge = new QualityJudge(state);
  for (const outcome of outcomes) {
    if (outcome.state === "Ready") await admit(state, outcome, judge);
    else state.variants.push({ ...outcome, ...notReady });
  }
}

/** Without samples the quality of a lossy variant cannot be proven, and made-up inputs prove nothing. */
const canWin = ({ model, request }: TuningState, name: VariantName): boolean =>
  name === "Source" || model.samples.source === "Samples" || request.quality.mode === "Unchecked";

const unprovable = (variant: VariantName): MissingVariant => ({
  state: "Skipped",
  variant,
  seconds: 0,
  message: "Without samples its quality cannot be judged, so it was not made: give real requests with --samples.",
});

const notReady = { engine: "OnnxRuntime", bytes: null, digest: null, quality: null, eligible: false } as const;

/** The source is always there: it is the reference of quality and of speed. */
const withSource = (names: readonly VariantName[]): VariantName[] => [
  "Source",
  ...names.filter((name) => name !== "Source"),
];

async function admit(state: TuningState, ready: ReadyVariant, judge: QualityJudge): Promise<void> {
  const { variant, file, digest } = ready;
  const known = resultOf(ready);
  if (variant === "Source") {
    state.variants.push({ ...known, quality: null, eligible: true });
    state.eligible.push(state.model.source);
    return;
  }
  try {
    state.say("Quality", `Judging ${variant} by ${state.model.question.quality.metric}`);
    const { quality, eligible, padding } = await judge.judge(file);
    state.variants.push({ ...known, quality, eligible });
    if (eligible) state.eligible.push({ variant, file, digest, padding });
  } catch (error) {
    state.signal.throwIfAborted();
    const reason = error instanceof Error ? error.message : String(error);
    state.variants.push({
      ...known,
      ...notReady,
      state: "Failed",
      message: `It cannot be run: ${reason}`.slice(0, 1024),
    });
  }
}

function resultOf({ variant, seconds, bytes, digest, message }: ReadyVariant) {
  return { variant, engine: "OnnxRuntime", state: "Ready", message, seconds, bytes, digest } as const;
}
