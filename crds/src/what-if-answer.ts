import * as z from "zod";
import { envelope, Positive, ServiceLevelTarget, VariantName } from "./common.ts";
import { BatchPolicy, Layout } from "./serving-plan.ts";
import { Interval } from "./tuning-report.ts";

/** What one server would do under one plan, with the ends of 95 % intervals. */
export const PlanForecast = z.object({
  /** In words: "OnnxRuntime INT8Dynamic, 2x1 threads, batch <= 8 and 15 ms". */
  summary: z.string().min(1).max(1024),
  variant: VariantName,
  layout: Layout,
  batching: BatchPolicy,
  /** Highest Poisson rate that holds the target. */
  capacityRequestsPerSecond: Interval,
  /** At the target's percentile; null where the queue has no end. */
  latencyMilliseconds: z.object({
    estimate: z.number().nonnegative().nullable(),
    low: z.number().nonnegative().nullable(),
    high: z.number().nonnegative().nullable(),
  }),
  /** Is the target held at the rate: on the whole interval, on none of it, or on a part? */
  holds: z.enum(["Yes", "No", "Unsure"]),
  /** Servers that carry the rate at 70 % of their capacity each; null where none has any. */
  replicas: Positive.nullable(),
});
export type PlanForecast = z.infer<typeof PlanForecast>;

/** The answer to `sweetspot what-if`: a forecast from stored tables, without a measurement. */
export const WhatIfAnswer = z.object({
  ...envelope("WhatIfAnswer"),
  asked: z.object({
    serviceLevel: ServiceLevelTarget,
    requestsPerSecond: z.number().positive(),
    cpus: Positive,
  }),
  /** The plan as it is; null with other CPUs than it was tuned for. */
  current: PlanForecast.nullable(),
  /** The best plan for what was asked, which may be the current one. */
  best: PlanForecast,
});
export type WhatIfAnswer = z.infer<typeof WhatIfAnswer>;
