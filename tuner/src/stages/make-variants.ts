import { join } from "node:path";
import type { MadeVariant, VariantResult } from "@sweetspot/crds";
import { engineOf } from "@sweetspot/crds";
import type { TuningState } from "../tuning-state.ts";
import { isLossless, isTwin, notApplicable } from "../variants/catalogue.ts";
import {
  type MissingVariant,
  makeVariant,
  type ReadyVariant,
  type VariantContext,
  type VariantOutcome,
} from "../variants/make-variant.ts";
import { findPython } from "../variants/python-environment.ts";
import { suppliedVariant } from "../variants/supplied-variant.ts";
import { makeMixed } from "./make-mixed.ts";
import { calibrationSamples, type Judgement, QualityJudge } from "./quality-judge.ts";

/** No variant may take longer to make than this share of the budget, and none needs more memory than this. */
const variantShare = 0.25;
const memoryBytes = 8 * 1024 ** 3;
/** The first few variants are made whatever the time; the others only until this share of the budget is gone. */
const alwaysMade = 3;
const deadlineShare = 0.3;
/** The tools mostly wait for one core each, so two take little more time than one. */
const atOnce = 2;

/**
 * Takes the models that the user brings, makes every wanted variant, and judges the lossy ones. Only what passed may win;
 * a failure is a result and never ends the tuning.
 */
export async function makeVariants(state: TuningState): Promise<void> {
  const { model, signal } = state;
  const judge = new QualityJudge(state);
  const context = await contextOf(state);
  const names = withSource(model.question.variants);
  const direct = names.filter((name) => name !== "INT8StaticMixed");
  state.say("Variants", `Making ${direct.slice(1).join(", ") || "nothing but the source"}`);
  const supplied = state.request.supplied ?? [];
  const take = async (outcome: VariantOutcome) => {
    signal.throwIfAborted();
    if (outcome.state === "Ready") await admit(state, outcome, judge);
    else record(state, outcome);
  };
  // Judged as soon as it is made, while the next one is in the making.
  await inTurns([...supplied, ...direct], atOnce, async (one, position) => {
    if (typeof one !== "string")
      return take(provable(state, await suppliedVariant(one, model.signature, model.outputs)));
    return take(await attempt(state, one, position - supplied.length, context));
  });
  inOrder(state, ["Source", ...supplied.map(({ name }) => name), ...direct]);
  if (names.includes("INT8StaticMixed")) await addMixed(state, context, judge);
  settleTwins(state);
}

async function contextOf({ request, model, environment, budget, signal }: TuningState): Promise<VariantContext> {
  const limits = request.variantLimits;
  return {
    directory: join(request.outputDirectory, "variants"),
    calibration: calibrationSamples(model.samples.samples),
    timeoutSeconds: limits?.seconds ?? Math.max(20, variantShare * budget.seconds),
    memoryBytes: limits?.memoryBytes ?? memoryBytes,
    python: model.question.variants.some((name) => name !== "Source") ? await findPython() : null,
    environment,
    signal,
    trial: { inputs: model.samples.samples[0]?.inputs ?? [], outputs: model.outputs },
  };
}

/** Works on so many items at once. Where one fails, it begins no further ones and fails when all have ended. */
async function inTurns<T>(items: readonly T[], width: number, work: (item: T, position: number) => Promise<void>) {
  let next = 0;
  const worker = async () => {
    for (let position = next++; position < items.length; position = next++) {
      await work(items[position] as T, position);
    }
  };
  const ended = await Promise.allSettled(Array.from({ length: width }, () => worker().catch(stop)));
  const failed = ended.find(({ status }) => status === "rejected");
  if (failed?.status === "rejected") throw failed.reason;

  function stop(error: unknown): never {
    next = items.length;
    throw error;
  }
}

/** Brings what was found out as it came into the order of the question. */
function inOrder({ variants, eligible }: TuningState, names: readonly string[]): void {
  const place = ({ variant }: { readonly variant: string }) => names.indexOf(variant);
  variants.sort((a, b) => place(a) - place(b));
  eligible.sort((a, b) => place(a) - place(b));
}

async function attempt(
  state: TuningState,
  name: MadeVariant,
  position: number,
  context: VariantContext,
): Promise<VariantOutcome> {
  const obstacle = notApplicable(name, state.environment);
  if (obstacle !== null) return { state: "NotApplicable", variant: name, seconds: 0, message: obstacle };
  if (!canWin(state, name)) return skipped(name, unprovable);
  if (position >= alwaysMade && state.budget.until(deadlineShare) === 0) {
    return skipped(name, "There was no time left to make it: a larger budget has.");
  }
  return makeVariant(name, state.model.source, context);
}

/** Without samples the quality of a lossy variant cannot be proven, and made-up inputs prove nothing. */
const canWin = ({ model, request }: TuningState, name: string): boolean =>
  isLossless(name) || model.samples.source === "Samples" || request.quality.mode === "Unchecked";

const unprovable =
  "Without samples its quality cannot be judged, so it was not made: give real requests with --samples.";

const provable = (state: TuningState, outcome: VariantOutcome): VariantOutcome =>
  outcome.state !== "Ready" || canWin(state, outcome.variant)
    ? outcome
    : skipped(outcome.variant, "Without samples its quality cannot be judged: give real requests with --samples.");

const skipped = (variant: string, message: string): MissingVariant => ({
  state: "Skipped",
  variant,
  seconds: 0,
  message,
});

const notReady = { bytes: null, digest: null, quality: null, eligible: false } as const;

const record = (state: TuningState, { variant, state: ended, seconds, message }: MissingVariant): void => {
  const engine = engineOf(variant);
  state.variants.push({ ...notReady, engine, variant, state: ended, seconds, message: message.slice(0, 1024) });
};

/** The source is always there: it is the reference of quality and of speed. */
const withSource = (names: readonly MadeVariant[]): MadeVariant[] => [
  "Source",
  ...names.filter((name) => name !== "Source"),
];

async function admit(state: TuningState, ready: ReadyVariant, judge: QualityJudge): Promise<void> {
  const { variant, file } = ready;
  if (variant === "Source") {
    state.variants.push({ ...resultOf(ready), quality: null, eligible: true });
    state.eligible.push(state.model.source);
    return;
  }
  try {
    state.say("Quality", `Judging ${variant} by ${state.model.question.quality.metric}`);
    enter(state, ready, await judge.judge(variant, file));
  } catch (error) {
    state.signal.throwIfAborted();
    const reason = error instanceof Error ? error.message : String(error);
    record(state, { ...ready, state: "Failed", message: `It cannot be served: ${reason}` });
  }
}

function enter(state: TuningState, ready: ReadyVariant, { quality, eligible, padding }: Judgement): void {
  const { variant, file, digest } = ready;
  state.variants.push({ ...resultOf(ready), quality, eligible });
  if (eligible) state.eligible.push({ variant, file, digest, padding });
}

function resultOf({ variant, seconds, bytes, digest, message }: ReadyVariant) {
  return { variant, engine: engineOf(variant), state: "Ready", message, seconds, bytes, digest } as const;
}

/** Looks for a mix of INT8 and FP32 where, and only where, static INT8 as a whole loses too much. */
async function addMixed(state: TuningState, context: VariantContext, judge: QualityJudge): Promise<void> {
  const name = "INT8StaticMixed";
  if (!canWin(state, name)) return record(state, skipped(name, unprovable));
  const whole = state.variants.filter(({ variant }) => isTwin(variant));
  const passed = whole.find(({ eligible }) => eligible);
  if (passed !== undefined) return record(state, skipped(name, `${passed.variant} passes as a whole.`));
  try {
    const failed = whole.some(({ quality }) => quality?.verdict === "Fail");
    const outcome = await makeMixed(state, context, judge, failed);
    if ("ready" in outcome) enter(state, outcome.ready, outcome.judgement);
    else record(state, outcome);
  } catch (error) {
    state.signal.throwIfAborted();
    const message = `It cannot be served: ${error instanceof Error ? error.message : String(error)}`;
    record(state, { state: "Failed", variant: name, seconds: 0, message });
  }
}

/** Of variants with the same operators only the one that loses least is worth measuring. */
function settleTwins(state: TuningState): void {
  const loss = ({ quality }: VariantResult) => quality?.loss.estimate ?? 0;
  const passed = state.variants.filter(({ variant, eligible }) => eligible && isTwin(variant));
  const [best, ...others] = passed.toSorted((a, b) => loss(a) - loss(b));
  for (const other of others) {
    const at = state.variants.indexOf(other);
    state.variants[at] = { ...other, eligible: false, twin: (best as VariantResult).variant };
    state.eligible.splice(
      state.eligible.findIndex(({ variant }) => variant === other.variant),
      1,
    );
  }
}
