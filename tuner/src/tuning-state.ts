import type {
  BatchPolicy,
  Candidate,
  Decision,
  Environment,
  Finding,
  MeasuredTable,
  Padding,
  PinningTrial,
  TuningQuestion,
  VariantName,
  VariantResult,
} from "@sweetspot/crds";
import type { RequestShape } from "@sweetspot/planner";
import type { ModelSignature } from "@sweetspot/sidecar";
import type { Budget } from "./budget.ts";
import type { SampleSet } from "./inputs/sample.ts";
import type { Instruments } from "./instruments.ts";
import type { ProgressEvent, TuneRequest, TuneStage } from "./tune-request.ts";

/** A variant that can be loaded, with the permission to pad that it was given. */
export interface LoadableVariant {
  readonly variant: VariantName;
  /** Absolute path. */
  readonly file: string;
  readonly digest: string;
  readonly padding: Padding | undefined;
}

/** What is known of the model before anything is measured. */
export interface OpenedModel {
  readonly signature: ModelSignature;
  readonly source: LoadableVariant;
  readonly samples: SampleSet;
  /** The shape of each sample as the scheduler sees it. */
  readonly shapes: readonly RequestShape[];
  /** The outputs that are served. */
  readonly outputs: readonly string[];
  readonly question: TuningQuestion;
}

/**
 * What a tuning has found out so far. Stages add to it and never take away, so that whatever stands when the time is up
 * or the user stops is the best so far.
 */
export interface TuningState {
  readonly request: TuneRequest;
  readonly budget: Budget;
  readonly signal: AbortSignal;
  readonly startedAt: Date;
  readonly environment: Environment;
  readonly cpus: number;
  readonly instruments: Instruments;
  /** The batching policies that are searched. */
  readonly policies: readonly BatchPolicy[];
  /** Ways to pin engines that are tried with the real server. */
  readonly pinnings: readonly boolean[];
  readonly model: OpenedModel;
  readonly variants: VariantResult[];
  /** The variants that may win, the source first. */
  readonly eligible: LoadableVariant[];
  readonly tables: MeasuredTable[];
  /** Median time of the source on one row of median length, one thread. */
  readonly referenceMicroseconds: number;
  candidates: Candidate[];
  confirmation: Decision["confirmation"];
  pinningTrial: PinningTrial | null;
  readonly findings: Finding[];
  readonly say: (stage: TuneStage, message: string, best?: string) => void;
}

/** Binds the progress of one tuning to its budget. */
export const sayTo =
  (progress: (event: ProgressEvent) => void, budget: Budget) =>
  (stage: TuneStage, message: string, best?: string): void =>
    progress({
      stage,
      message,
      elapsedSeconds: budget.elapsed(),
      budgetSeconds: budget.seconds,
      ...(best === undefined ? {} : { best }),
    });
