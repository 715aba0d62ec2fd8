import type { ServiceLevelReport } from "@sweetspot/crds";
import type { FastifyInstance } from "fastify";
import { ApiError } from "../protocol/errors.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import { newApp, route } from "./http.ts";
import type { Log } from "./log.ts";

export interface MetricsAppOptions {
  readonly metrics: Metrics;
  readonly log: Log;
  /** null before the first plan serves. */
  readonly report: () => ServiceLevelReport | null;
}

/** The operator's port, apart from the clients': metrics, service-level report and liveness. */
export function metricsApp({ metrics, log, report }: MetricsAppOptions): FastifyInstance {
  const app = newApp(log);
  route(app, "GET", "/metrics", async (_request, reply) => reply.type(metrics.contentType).send(await metrics.text()));
  route(app, "GET", "/healthz", async () => ({ live: true }));
  route(app, "GET", "/v2/sweetspot/report", async () => {
    const present = report();
    if (present === null) throw new ApiError("NotReady", {}, 1);
    return present;
  });
  return app;
}
