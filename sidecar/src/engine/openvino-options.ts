import type { KnownOptions } from "./engine-options.ts";

const switches = ["YES", "NO"] as const;

/**
 * Properties of OpenVINO's CPU device. Threads and streams are not among them, because they are the layout's; FP32 is computed as
 * FP32 unless `INFERENCE_PRECISION_HINT` says otherwise.
 */
export const openVinoOptions: KnownOptions = {
  INFERENCE_PRECISION_HINT: ["f32", "bf16", "f16"],
  EXECUTION_MODE_HINT: ["ACCURACY", "PERFORMANCE"],
  PERFORMANCE_HINT: ["LATENCY", "THROUGHPUT"],
  ENABLE_HYPER_THREADING: switches,
  CPU_DENORMALS_OPTIMIZATION: switches,
};
