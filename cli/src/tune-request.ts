import { basename, extname, resolve } from "node:path";
import type { MadeVariant, QualityMetric } from "@sweetspot/crds";
import type { TuneRequest } from "@sweetspot/tuner";
import { type TargetOptions, targetOf } from "./target-options.ts";
import { UserError } from "./user-error.ts";
import type { NamedFile } from "./values.ts";

/** The options of `sweetspot tune` after commander parsed each of them. */
export interface TuneOptions extends TargetOptions {
  readonly budget: number;
  readonly samples?: string;
  readonly tokenizer?: string;
  readonly out?: string;
  readonly name?: string;
  readonly modelDigest?: string;
  readonly task: TuneRequest["task"];
  readonly metric?: QualityMetric;
  readonly output?: readonly string[];
  readonly maxQualityLoss: number;
  readonly uncheckedQuality?: boolean;
  readonly variants?: readonly MadeVariant[];
  readonly variant?: readonly NamedFile[];
  readonly rate?: number;
  readonly seed: number;
  readonly json?: boolean;
  readonly failIfInfeasible?: boolean;
  readonly deliver?: string;
  readonly artifacts?: string;
}

/** What the tuner is asked, with absolute paths. Throws `UserError` for options that do not fit together. */
export function tuneRequestOf(model: string, options: TuneOptions): TuneRequest {
  const modelName = options.name ?? modelNameOf(model);
  if (options.tokenizer !== undefined && options.samples === undefined) {
    throw new UserError("Usage", "A tokenizer reads samples, and there are none. Give a text file with --samples.");
  }
  return {
    modelFile: resolve(model),
    modelName,
    task: options.task,
    target: targetOf(options),
    quality: {
      ...(options.metric === undefined ? {} : { metric: options.metric }),
      maximumLossBasisPoints: options.maxQualityLoss,
      mode: options.uncheckedQuality ? "Unchecked" : "Enforce",
    },
    ...(options.samples === undefined ? {} : { samplesFile: resolve(options.samples) }),
    ...(options.tokenizer === undefined ? {} : { tokenizerFile: resolve(options.tokenizer) }),
    ...(options.output === undefined ? {} : { outputs: [...new Set(options.output)] }),
    ...(options.variants === undefined ? {} : { variants: options.variants }),
    ...(options.variant === undefined
      ? {}
      : { supplied: options.variant.map(({ name, file }) => ({ name, file: resolve(file) })) }),
    ...(options.rate === undefined ? {} : { requestsPerSecond: options.rate }),
    budgetSeconds: options.budget,
    seed: options.seed,
    outputDirectory: resolve(options.out ?? `sweetspot-${modelName}`),
  };
}

/** The file's name without its extension, in the characters that names may have: "my model.onnx" → "my-model". */
export function modelNameOf(file: string): string {
  const plain = basename(file, extname(file)).replace(/[^A-Za-z0-9._-]+/g, "-");
  return (
    plain
      .replace(/^[^A-Za-z0-9]+/, "")
      .slice(0, 63)
      .replace(/[^A-Za-z0-9]+$/, "") || "model"
  );
}
