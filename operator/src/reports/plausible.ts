import type { ServiceLevelReport } from "@sweetspot/crds";

/** No server answers so many requests in a second. */
const mostPerSecond = 1_000_000;
/** Nor do so many requests spend longer than this, each, in a server. */
const mostMicroseconds = 3600e6;

/**
 * Why a report that keeps its schema cannot be true; null where it can. A pod may say anything: figures that no server has
 * would drown what the others say.
 */
export function implausible(report: ServiceLevelReport, modelName: string): { readonly problem: string } | null {
  if (report.modelName !== modelName) return { problem: `it serves ${report.modelName}, not ${modelName}` };
  const { traffic } = report;
  if (traffic === undefined) return null;
  const { tenSeconds, seconds, stages, lengths, rows } = traffic;
  const counts: readonly (readonly [readonly number[], number])[] = [
    [tenSeconds.total, 10 * mostPerSecond],
    [seconds.total, mostPerSecond],
    [stages.answered, 10 * mostPerSecond],
    [lengths, 60 * mostPerSecond],
    [rows, 60 * mostPerSecond],
    ...[stages.queue, stages.engine, stages.other, stages.observed, stages.expected].map(
      (sums) => [sums, 10 * mostPerSecond * mostMicroseconds] as const,
    ),
  ];
  const wrong = counts.some(([values, most]) => values.some((value) => !(value <= most)));
  return wrong ? { problem: "its report has figures that no server can have" } : null;
}
