import type { CostTable, ServiceLevelReport } from "@sweetspot/crds";
import type { FastifyInstance } from "fastify";
import { ApiError } from "../protocol/errors.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import { tritonMetrics } from "../telemetry/triton-metrics.ts";
import { newApp, route } from "./http.ts";
import type { Log } from "./log.ts";

export interface MetricsAppOptions {
  readonly metrics: Metrics;
  readonly log: Log;
  /** null before the first plan serves. */
  readonly modelName: () => string | null;
  /** Likewise. */
  readonly report: () => ServiceLevelReport | null;
  /** As it is fitted to what is observed; null where the plan has none. */
  readonly costTable: () => CostTable | null;
}

/** The operator's port, apart from the clients': metrics, service-level report and liveness. */
export function metricsApp({ metrics, log, modelName, report, costTable }: MetricsAppOptions): FastifyInstance {
  const app = newApp(log);
  route(app, "GET", "/metrics", async (request, reply) => {
    const { names } = request.query as { readonly names?: unknown };
    if (names !== undefined && names !== "triton") {
      throw new ApiError("InvalidField", { field: "names", expected: "'triton', or be left out" });
    }
    const text = names === undefined ? metrics.text() : tritonMetrics(modelName(), metrics.statistics.snapshot());
    return reply.type(metrics.contentType).send(await text);
  });
  route(app, "GET", "/healthz", async () => ({ live: true }));
  route(app, "GET", "/v2/sweetspot/report", async () => {
    const present = report();
    if (present === null) throw new ApiError("NotReady", {}, 1);
    return present;
  });
  route(app, "GET", "/v2/sweetspot/cost-table", async () => {
    const present = costTable();
    if (present === null) throw new ApiError("NoCostTable");
    return present;
  });
  return app;
}
