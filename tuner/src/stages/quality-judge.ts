import type { Padding, QualityResult, VariantName } from "@sweetspot/crds";
import { seededRandom } from "@sweetspot/planner";
import {
  assembleBatch,
  type EnginePool,
  probeParity,
  requestShaper,
  splitOutputs,
  type Tensor,
} from "@sweetspot/sidecar";
import type { Sample } from "../inputs/sample.ts";
import { openSingleEngine } from "../measure/single-engine.ts";
import { type Batching, compareReadings, readAlone, readBatched } from "../quality/collect.ts";
import { judgeQuality } from "../quality/gate.ts";
import { isFloat, numbersOf } from "../quality/numbers.ts";
import { MetricError, type Reading } from "../quality/reading.ts";
import type { TuningState } from "../tuning-state.ts";
import { isLossless } from "../variants/catalogue.ts";

/** Every so many samples one goes to calibration, the others judge quality: never the same ones. */
const calibrationEvery = 4;
/** The reference may compute answers for this share of the budget. */
const qualityShare = 0.03;
const fewestJudges = 48;
/** Rows of a judged batch: enough mates to disturb each other. */
const judgedRows = 4;
const runLimitMilliseconds = 30_000;
/** What the order of floating-point operations may change at most, by any metric. */
const losslessLimit = 1e-4;

/** Runs, and those whose outputs held NaN. */
interface RunCount {
  runs: number;
  withoutNumber: number;
}

/** What the gate says of one variant, and the permission to pad that it may be served with. */
export interface Judgement {
  /** Null without samples: made-up inputs cannot judge. */
  readonly quality: QualityResult | null;
  readonly eligible: boolean;
  readonly padding: Padding | undefined;
}

/** The samples that calibrate. */
export const calibrationSamples = (samples: readonly Sample[]): Sample[] =>
  samples.filter((_, i) => i % calibrationEvery === 0);

/**
 * Holds lossy variants against the source: the reference alone, the variant under the batching and padding that it
 * would be served with. The reference's answers are the same for all variants and are computed once.
 */
export class QualityJudge {
  readonly #state: TuningState;
  readonly #judges: readonly Sample[];
  #reference: Promise<Reading[]> | undefined;
  readonly #referenceCount: RunCount = { withoutNumber: 0, runs: 0 };

  constructor(state: TuningState) {
    this.#state = state;
    const others = state.model.samples.samples.filter((_, i) => i % calibrationEvery !== 0);
    this.#judges = others.slice(0, affordableJudges(state));
  }

  /**
   * Throws `EngineFailure` when the variant cannot be run, `MetricError` when its outputs do not fit the metric or hold
   * NaN where the reference has numbers.
   */
  async judge(name: VariantName, file: string): Promise<Judgement> {
    const { model, request } = this.#state;
    const { metric, mode, maximumLossBasisPoints } = model.question.quality;
    const pool = await openSingleEngine(file, name);
    try {
      const padding = await this.#padding(pool);
      const madeUp = model.samples.source === "Synthesised";
      if (madeUp && !isLossless(name)) return { quality: null, eligible: mode === "Unchecked", padding };
      const count = { withoutNumber: 0, runs: 0 };
      const variant = await readBatched(metric, this.#runner(pool, count), this.#judges, this.#batching(padding));
      this.#reference ??= this.#readReference();
      const reference = await this.#reference;
      if (count.withoutNumber > 0 && this.#referenceCount.withoutNumber === 0) {
        throw new MetricError(`its answers hold NaN in ${count.withoutNumber} of ${count.runs} batches.`);
      }
      const losses = compareReadings(metric, this.#judges, reference, variant);
      const quality = judgeQuality(metric, losses, maximumLossBasisPoints / 10_000, seededRandom(request.seed));
      // Where only rounding may differ, a difference would show in any sample: few are as good as many.
      const same = isLossless(name) && losses.every(({ lost, of }) => Math.abs(lost) <= losslessLimit * of);
      const eligible = same || (!madeUp && (mode === "Unchecked" || quality.verdict === "Pass"));
      if (madeUp) return { quality: null, eligible, padding };
      return { quality: same ? { ...quality, verdict: "Pass", moreSamples: null } : quality, eligible, padding };
    } finally {
      await pool.close();
    }
  }

  /** Whether rows may be padded is a property of the model, proven on the source; a lossy variant only rounds more. */
  async #padding(pool: EnginePool): Promise<Padding | undefined> {
    const { signature, outputs, source } = this.#state.model;
    if (source.padding === undefined) return undefined;
    const parity = await probeParity(pool, signature, outputs, { tolerance: Number.POSITIVE_INFINITY });
    return { ...source.padding, tolerance: Math.max(source.padding.tolerance, 2 * (parity.padded ?? 0)) };
  }

  #batching(padding: Padding | undefined): Batching {
    const { signature } = this.#state.model;
    const shape = requestShaper(signature, padding);
    return {
      rows: signature.batchable ? judgedRows : 1,
      random: seededRandom(this.#state.request.seed),
      groupOf: ({ inputs }) => shape(inputs).group,
      assemble: (samples) => assembleBatch(samples.map(memberOf), padding).inputs,
      split: (outputs, samples) =>
        splitOutputs(outputs, samples.map(memberOf), Math.max(...samples.map(({ length }) => length)), padding),
    };
  }

  async #readReference(): Promise<Reading[]> {
    const { model } = this.#state;
    const pool = await openSingleEngine(model.source.file);
    try {
      return await readAlone(model.question.quality.metric, this.#runner(pool, this.#referenceCount), this.#judges);
    } finally {
      await pool.close();
    }
  }

  #runner(pool: EnginePool, count: RunCount) {
    const { outputs } = this.#state.model;
    return async (inputs: readonly Tensor[]) => {
      this.#state.signal.throwIfAborted();
      const answer = (await pool.run(inputs, outputs, runLimitMilliseconds)).outputs;
      count.runs += 1;
      if (answer.some(holdsNaN)) count.withoutNumber += 1;
      return answer;
    };
  }
}

function holdsNaN(tensor: Tensor): boolean {
  if (!isFloat(tensor)) return false;
  const numbers = numbersOf(tensor);
  for (let i = 0; i < numbers.length; i += 1) if (Number.isNaN(numbers[i])) return true;
  return false;
}

const memberOf = ({ inputs, length }: Sample) => ({ inputs, rows: 1, length });

/** As many samples as the reference answers in its share of the budget. */
function affordableJudges({ referenceMicroseconds, budget }: TuningState): number {
  return Math.max(fewestJudges, Math.floor((qualityShare * budget.seconds * 1e6) / referenceMicroseconds));
}
