/** Every metric of the server: name, type, labels and help, in one table that the documentation is held against. */
export const metricCatalogue = {
  sweetspot_requests_total: {
    type: "counter",
    labels: ["outcome"],
    help: "Inference requests by outcome: Good, Late, Refused, Expired, Failed or Excluded.",
  },
  sweetspot_request_duration_seconds: {
    type: "histogram",
    labels: [],
    help: "From the arrival of an answered request to its answer; one bucket ends exactly at the target.",
  },
  sweetspot_stage_duration_seconds: {
    type: "histogram",
    labels: ["stage"],
    help: "Time of answered requests in each stage: queue, engine and reply; with a pipeline preprocess and postprocess.",
  },
  sweetspot_batch_rows: { type: "histogram", labels: [], help: "Rows of a finished batch." },
  sweetspot_useful_length_total: {
    type: "counter",
    labels: [],
    help: "Elements of the variable axis that requests brought.",
  },
  sweetspot_padded_length_total: {
    type: "counter",
    labels: [],
    help: "Elements of the variable axis that engines computed.",
  },
  sweetspot_batch_failures_total: {
    type: "counter",
    labels: ["kind"],
    help: "Batches that an engine did not finish: Rejected, Crashed, Hung, Unavailable, Unsplittable or Internal.",
  },
  sweetspot_cost_ratio: {
    type: "gauge",
    labels: [],
    help: "Median observed/expected engine time of recent batches; 0 without a cost table or traffic.",
  },
  sweetspot_commissioning_ratio: {
    type: "gauge",
    labels: [],
    help: "Observed/expected engine time of a few shapes before the server became ready; 0 where that was not measured.",
  },
  sweetspot_event_loop_delay_seconds: {
    type: "histogram",
    labels: [],
    help: "How late the server's event loop came to a timer, looked at 20 times a second.",
  },
  sweetspot_queued_rows: { type: "gauge", labels: [], help: "Rows that wait for an engine." },
  sweetspot_engines_ready: { type: "gauge", labels: [], help: "Engine processes that are ready." },
  sweetspot_engine_restarts: { type: "gauge", labels: [], help: "Restarts of the present engine processes." },
  sweetspot_plan_info: { type: "gauge", labels: ["revision"], help: "1 for the plan that runs." },
  sweetspot_plan_error: { type: "gauge", labels: [], help: "1 while a newer plan could not be taken, else 0." },
} as const;
