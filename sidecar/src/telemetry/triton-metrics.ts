import { type FailureOutcome, type StatisticsSnapshot, sumOf, type Total } from "./inference-statistics.ts";

/** Triton's words for why a request failed. */
const reasons: Readonly<Record<FailureOutcome, "REJECTED" | "BACKEND" | "OTHER">> = {
  Refused: "REJECTED",
  Expired: "REJECTED",
  Failed: "BACKEND",
  Excluded: "OTHER",
};

interface Series {
  readonly labels?: Readonly<Record<string, string>>;
  readonly value: number;
}

/**
 * The counters that dashboards for Triton read, with Triton's names and labels, in the Prometheus text format.
 * `model`: the name of the served model; null before there is one.
 */
export function tritonMetrics(model: string | null, snapshot: StatisticsSnapshot): string {
  if (model === null) return "";
  const { success, failures, stages } = snapshot;
  const { queue, engine, reply, preprocess, postprocess } = stages;
  const counter = (name: string, help: string, series: readonly Series[]): string =>
    [`# HELP ${name} ${help}`, `# TYPE ${name} counter`, ...series.map((one) => sample(name, model, one))].join("\n");
  const total = (name: string, help: string, { microseconds }: Total) =>
    counter(`nv_inference_${name}_duration_us`, `Cumulative ${help} in microseconds`, [
      { value: Math.round(microseconds) },
    ]);
  const text = [
    counter("nv_inference_request_success", "Number of successful inference requests, all batch sizes", [
      { value: success.count },
    ]),
    counter(
      "nv_inference_request_failure",
      "Number of failed inference requests, all batch sizes",
      ["REJECTED", "BACKEND", "OTHER"].map((reason) => ({ labels: { reason }, value: countOf(failures, reason) })),
    ),
    counter("nv_inference_count", "Number of inferences performed (does not include cached requests)", [
      { value: snapshot.rows },
    ]),
    counter("nv_inference_exec_count", "Number of model executions performed (does not include cached requests)", [
      { value: snapshot.batches },
    ]),
    total("request", "inference request duration", success),
    total("queue", "inference queuing duration", queue),
    total("compute_input", "compute input duration", preprocess),
    total("compute_infer", "compute inference duration", engine),
    total("compute_output", "inference compute output duration", sumOf([postprocess, reply])),
  ];
  return `${text.join("\n")}\n`;
}

const countOf = (failures: StatisticsSnapshot["failures"], reason: string): number =>
  Object.entries(reasons)
    .filter(([, own]) => own === reason)
    .reduce((sum, [outcome]) => sum + failures[outcome as FailureOutcome].count, 0);

function sample(name: string, model: string, { labels = {}, value }: Series): string {
  const all = Object.entries({ model, version: "1", ...labels });
  return `${name}{${all.map(([label, text]) => `${label}="${text.replace(/[\\"\n]/g, "_")}"`).join(",")}} ${value}`;
}
