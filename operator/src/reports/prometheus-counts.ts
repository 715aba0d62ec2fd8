import * as z from "zod";
import type { TrafficBlock } from "../policies/pod-traffic.ts";

/** Whose requests are counted. */
export interface CountedTarget {
  readonly namespace: string;
  readonly deployment: string;
  readonly target: string;
}

/** The requests of a target in blocks of a minute, oldest first, as Prometheus has them, or why it does not say. */
export type PrometheusCounts = { readonly blocks: readonly TrafficBlock[] } | { readonly problem: string };

const blockSeconds = 60;
/** What the judgement of a service level looks back on. */
const windowSeconds = 3600;
/** The clock of Prometheus may be ahead or behind by so much. */
const clockSkewSeconds = 15;
/** No target has so many requests in a block. */
const mostRequests = 1e9;

/**
 * Requests by outcome in each minute of the last hour, in minutes of the clock. The labels besides `outcome` are those that the
 * chart's PodMonitor gives to the series of serving pods.
 */
export const countsQuery = ({ namespace, deployment, target }: CountedTarget): string =>
  `sum by (outcome) (increase(sweetspot_requests_total{inference_namespace=${text(namespace)},` +
  `inference_deployment=${text(deployment)},target=${text(target)},outcome!="Excluded"}[1m]))[1h:1m]`;

/** PromQL escapes in double quotes as JSON does, for all that a name may hold. */
const text = (value: string): string => JSON.stringify(value);

/** Late, refused, expired and failed requests are bad. */
const isBad = { Good: false, Late: true, Refused: true, Expired: true, Failed: true } as const;

/** The part of an answer of `GET /api/v1/query` that is read: a matrix of a few short series. */
const Answer = z.object({
  status: z.literal("success"),
  data: z.object({
    resultType: z.literal("matrix"),
    result: z
      .array(
        z.object({
          metric: z.object({ outcome: z.enum(Object.keys(isBad) as (keyof typeof isBad)[]) }),
          values: z.array(z.tuple([z.number(), z.string().max(64)])).max(windowSeconds / blockSeconds + 2),
        }),
      )
      .max(Object.keys(isBad).length),
  }),
});

/**
 * Reads an answer to `countsQuery`, which is untrusted: of the asked shape, of the asked time, with counts that a target can have.
 * `now`: seconds since the epoch. Throws an error whose message says what is wrong.
 */
export function parseCounts(answer: unknown, now: number): TrafficBlock[] {
  const { success, data } = Answer.safeParse(answer);
  if (!success) throw new Error("its answer is not of the form that was asked for");
  const blocks = new Map<number, { total: number; bad: number }>();
  for (const { metric, values } of data.data.result) {
    for (const [end, value] of values) {
      const count = countOf(end, value, now);
      const { total, bad } = blocks.get(end) ?? { total: 0, bad: 0 };
      blocks.set(end, { total: total + count, bad: bad + (isBad[metric.outcome] ? count : 0) });
    }
  }
  // Prometheus extrapolates to the ends of a minute, so that its counts are not whole.
  return [...blocks]
    .sort(([a], [b]) => a - b)
    .map(([end, { total, bad }]) => ({
      start: end - blockSeconds,
      seconds: blockSeconds,
      total: Math.round(total),
      bad: Math.min(Math.round(bad), Math.round(total)),
    }));
}

function countOf(end: number, value: string, now: number): number {
  const inTime = end <= now + clockSkewSeconds && end >= now - windowSeconds - blockSeconds;
  if (end % blockSeconds !== 0 || !inTime) throw new Error("its answer is of another time than was asked for");
  const count = value.trim() === "" ? Number.NaN : Number(value);
  if (!(count >= 0 && count <= mostRequests)) throw new Error("its answer has counts that no target can have");
  return count;
}
