import { cTranslate2, EngineFailure, findEngine, type Tensor } from "@sweetspot/sidecar";
import { openSingleEngine } from "../measure/single-engine.ts";
import type { VariantOutcome, VariantSource } from "./make-variant.ts";

export type CTranslate2Name = "CTranslate2" | "CTranslate2INT8";

/** One row of inputs, and the outputs that are served. */
export interface Trial {
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly string[];
}

const runMilliseconds = 30_000;

/**
 * The source on CTranslate2, which knows encoders like BERT only: whether this is one, and whether the engine can give the
 * outputs that are served, the engine itself says when it loads the model and answers one row. Throws `EngineFailure` where it
 * dies of that.
 */
export async function cTranslate2Variant(
  variant: CTranslate2Name,
  { file, digest }: VariantSource,
  bytes: number,
  trial: Trial,
): Promise<VariantOutcome> {
  const started = performance.now();
  const seconds = () => (performance.now() - started) / 1000;
  const notApplicable = (message: string) =>
    ({ state: "NotApplicable", variant, seconds: seconds(), message: message.slice(0, 1024) }) as const;
  const found = await findEngine(cTranslate2);
  if (found === null) return notApplicable(cTranslate2.missing);
  try {
    const pool = await openSingleEngine(file, variant);
    try {
      await pool.run(trial.inputs, trial.outputs, runMilliseconds);
    } finally {
      await pool.close();
    }
  } catch (error) {
    if (!(error instanceof EngineFailure && error.kind === "Rejected")) throw error;
    return notApplicable(`CTranslate2 ${found.version} cannot compute it: ${error.message}`);
  }
  const how = variant === "CTranslate2" ? "as it is" : "with weights in 8 bits";
  const message = `The model ${how}, computed by CTranslate2 ${found.version}.`;
  return { state: "Ready", variant, file, digest, bytes, seconds: seconds(), message };
}
