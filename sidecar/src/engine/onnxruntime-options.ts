import type { InferenceSession } from "onnxruntime-node";
import type { KnownOptions } from "./engine-options.ts";
import type { LoadRequest } from "./messages.ts";

const switches = ["0", "1"] as const;

/** ONNX Runtime 1.30 would accept any key, and ignore those that it does not know. */
export const onnxRuntimeOptions: KnownOptions = {
  graphOptimizationLevel: ["disabled", "basic", "extended", "layout", "all"],
  enableCpuMemArena: switches,
  enableMemPattern: switches,
  "session.set_denormal_as_zero": switches,
  "session.disable_prepacking": switches,
  "mlas.enable_gemm_fastmath_arm64_bfloat16": switches,
};

/** The session's options for a layout and options that were checked. */
export function sessionOptions({ threads, spinning, options }: LoadRequest): InferenceSession.SessionOptions {
  const { graphOptimizationLevel, enableCpuMemArena, enableMemPattern, ...session } = options;
  type Level = InferenceSession.SessionOptions["graphOptimizationLevel"];
  return {
    executionProviders: ["cpu"],
    // Never left to the engine: its own choice looks at the host's CPUs, not at the container's.
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    executionMode: "sequential",
    ...(graphOptimizationLevel !== undefined && { graphOptimizationLevel: graphOptimizationLevel as Level & string }),
    ...(enableCpuMemArena !== undefined && { enableCpuMemArena: enableCpuMemArena === "1" }),
    ...(enableMemPattern !== undefined && { enableMemPattern: enableMemPattern === "1" }),
    extra: { session: { ...session, "intra_op.allow_spinning": spinning ? "1" : "0" } },
  };
}
