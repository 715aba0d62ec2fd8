import { type StatisticsSnapshot, sumOf, type Total } from "../../telemetry/inference-statistics.ts";
import { modelVersion } from "./encode-response.ts";

const duration = ({ count, microseconds }: Total) => ({ count, ns: Math.round(microseconds * 1000) });

/** There is no response cache, and a stage that a batch does not have took no time. */
const none = { count: 0, ns: 0 };

/**
 * `GET /v2/models/{name}/stats`, as Triton has it (its statistics extension). `queue` is the time from a request's arrival
 * to its first engine, the transfer of its body included; `compute_input` and `compute_output` are the pipeline's
 * stages and the making of the answer; `batch_stats` has the engines' own times.
 */
export const modelStatistics = (name: string, snapshot: StatisticsSnapshot) => {
  const { success, failures, stages, batchesOfRows } = snapshot;
  const { queue, engine, reply, preprocess, postprocess } = stages;
  return {
    model_stats: [
      {
        name,
        version: modelVersion,
        last_inference: snapshot.lastInference,
        inference_count: snapshot.rows,
        execution_count: snapshot.batches,
        inference_stats: {
          success: duration(success),
          fail: duration(sumOf(Object.values(failures))),
          queue: duration(queue),
          compute_input: duration({ ...preprocess, count: success.count }),
          compute_infer: duration(engine),
          compute_output: duration({ ...sumOf([postprocess, reply]), count: success.count }),
          cache_hit: none,
          cache_miss: none,
        },
        response_stats: {},
        batch_stats: batchesOfRows.map((total) => ({
          batch_size: total.rows,
          compute_input: { ...none, count: total.count },
          compute_infer: duration(total),
          compute_output: { ...none, count: total.count },
        })),
        memory_usage: [],
      },
    ],
  };
};
