import { describe, expect, it } from "vitest";
import { modelStatistics } from "../protocol/oip/model-statistics.ts";
import { InferenceStatistics } from "./inference-statistics.ts";
import { tritonMetrics } from "./triton-metrics.ts";

function counted() {
  let now = 1000;
  const statistics = new InferenceStatistics(() => now);
  statistics.batch({ rows: 4, engineMicroseconds: 900 });
  statistics.batch({ rows: 1, engineMicroseconds: 300.5 });
  now = 2000;
  statistics.batch({ rows: 4, engineMicroseconds: 1100 });
  statistics.answered(2000, { queue: 500, engine: 1200, reply: 300 });
  statistics.answered(1500, { queue: 100, engine: 900, reply: 200, preprocess: 250, postprocess: 50 });
  statistics.failed("Refused", 10);
  statistics.failed("Expired", 5000);
  statistics.failed("Failed", 700);
  statistics.failed("Excluded", 20);
  statistics.failed("Excluded", 30);
  return statistics.snapshot();
}

describe("a model's statistics", () => {
  it("have Triton's shape: nanoseconds and counts by stage and by batch size", () => {
    expect(modelStatistics("m", counted()).model_stats).toEqual([
      {
        name: "m",
        version: "1",
        last_inference: 2000,
        inference_count: 9,
        execution_count: 3,
        inference_stats: {
          success: { count: 2, ns: 3_500_000 },
          fail: { count: 5, ns: 5_760_000 },
          queue: { count: 2, ns: 600_000 },
          compute_input: { count: 2, ns: 250_000 },
          compute_infer: { count: 2, ns: 2_100_000 },
          compute_output: { count: 2, ns: 550_000 },
          cache_hit: { count: 0, ns: 0 },
          cache_miss: { count: 0, ns: 0 },
        },
        response_stats: {},
        batch_stats: [
          {
            batch_size: 1,
            compute_input: { count: 1, ns: 0 },
            compute_infer: { count: 1, ns: 300_500 },
            compute_output: { count: 1, ns: 0 },
          },
          {
            batch_size: 4,
            compute_input: { count: 2, ns: 0 },
            compute_infer: { count: 2, ns: 2_000_000 },
            compute_output: { count: 2, ns: 0 },
          },
        ],
        memory_usage: [],
      },
    ]);
  });

  it("are all zero before the first request", () => {
    const [model] = modelStatistics("m", new InferenceStatistics(() => 5).snapshot()).model_stats;
    expect(model).toMatchObject({ last_inference: 0, inference_count: 0, execution_count: 0, batch_stats: [] });
    expect(model?.inference_stats.success).toEqual({ count: 0, ns: 0 });
  });
});

describe("the metrics under Triton's names", () => {
  it("say the same as the statistics", () => {
    const samples = tritonMetrics("m", counted())
      .split("\n")
      .filter((line) => line !== "" && !line.startsWith("#"));
    const labels = 'model="m",version="1"';
    expect(samples).toEqual([
      `nv_inference_request_success{${labels}} 2`,
      `nv_inference_request_failure{${labels},reason="REJECTED"} 2`,
      `nv_inference_request_failure{${labels},reason="BACKEND"} 1`,
      `nv_inference_request_failure{${labels},reason="OTHER"} 2`,
      `nv_inference_count{${labels}} 9`,
      `nv_inference_exec_count{${labels}} 3`,
      `nv_inference_request_duration_us{${labels}} 3500`,
      `nv_inference_queue_duration_us{${labels}} 600`,
      `nv_inference_compute_input_duration_us{${labels}} 250`,
      `nv_inference_compute_infer_duration_us{${labels}} 2100`,
      `nv_inference_compute_output_duration_us{${labels}} 550`,
    ]);
  });

  it("are none before a model is served", () => {
    expect(tritonMetrics(null, counted())).toBe("");
  });
});
