import type { MadeVariant, QualityMetric, ServiceLevelTarget, Task, VariantName } from "@sweetspot/crds";

/** What `tune` is asked to do: one model, one latency target, one quality limit, one budget. */
export interface TuneRequest {
  /** Absolute path of the model file. */
  readonly modelFile: string;
  /** The name under which the tuned model is served. */
  readonly modelName: string;
  readonly task: Task;
  readonly target: ServiceLevelTarget;
  readonly quality: {
    /** Chosen by the task when absent. */
    readonly metric?: QualityMetric;
    /** 100 basis points = 1 %. */
    readonly maximumLossBasisPoints: number;
    /** `Unchecked` lets a lossy variant win without proof. */
    readonly mode: "Enforce" | "Unchecked";
  };
  /** Representative inputs; they are synthesised when absent, and no lossy variant is eligible under `Enforce`. */
  readonly samplesFile?: string;
  /** Turns lines of text into token ids. */
  readonly tokenizerFile?: string;
  /** The outputs to serve; all of the model's when absent. */
  readonly outputs?: readonly string[];
  /** Chosen by the budget when absent. */
  readonly variants?: readonly MadeVariant[];
  /** Models of the user's that answer the same requests: distilled, pruned, quantized elsewhere. Absolute paths. */
  readonly supplied?: readonly { readonly name: VariantName; readonly file: string }[];
  /** Bounds of each program that makes a variant; a share of the budget and 8 GiB when absent. */
  readonly variantLimits?: { readonly seconds: number; readonly memoryBytes: number };
  /** The rate that one replica should carry, where the user knows it. */
  readonly requestsPerSecond?: number;
  readonly budgetSeconds: number;
  readonly seed: number;
  /** Where `report.json`, `plan.json` and the variant files are written. */
  readonly outputDirectory: string;
}

/** The stages of tuning, in their order. */
export type TuneStage = "Environment" | "Variants" | "Quality" | "CostTable" | "Search" | "Race" | "Decision";

/** One sign of life of a running `tune`. */
export interface ProgressEvent {
  readonly stage: TuneStage;
  readonly message: string;
  /** Since the start. What makes an answer trustworthy is finished even when it takes longer than the budget. */
  readonly elapsedSeconds: number;
  readonly budgetSeconds: number;
  /** The best answer so far, in words. */
  readonly best?: string;
}
