import { badRequests, type LoadReport, type LoadStage, shareOf } from "@sweetspot/crds";
import type * as Tuner from "@sweetspot/tuner";

type Format = Pick<typeof Tuner, "figure" | "milliseconds" | "percent" | "percentileName" | "rate" | "textTable">;

/** A generator that sent later than this share of the target has measured itself. */
const worryingDelayShare = 0.2;

/** The result of a load run for a terminal, ending without a newline. */
export function loadTable(report: LoadReport, format: Format): string {
  const columns = ["offered/s", "good/s", "answered/s", "p50 ms", "p90 ms", "p99 ms", "max ms", "requests"];
  const misses = ["late", "refused", "expired", "failed", "excluded"] as const;
  const titles = [...columns, ...misses].map((title) => ({ title, align: "right" as const }));
  const rows = report.stages.map((stage) => {
    const { p50, p90, p99, maximum } = stage.latencyMilliseconds;
    const rates = [stage.offeredRequestsPerSecond, stage.goodRequestsPerSecond, stage.answeredRequestsPerSecond];
    const latencies = [p50, p90, p99, maximum].map((value) => (value === null ? "-" : format.figure(value)));
    const counts = [stage.counts.total, ...misses.map((name) => stage.counts[name])].map(String);
    return [...rates.map(format.figure), ...latencies, ...counts];
  });
  const sentences = report.stages.flatMap((stage) => [
    verdict(stage, report, format),
    ...warning(stage, report, format),
  ]);
  return [format.textTable(titles, rows), "", ...sentences].join("\n");
}

function verdict({ counts }: LoadStage, { target }: LoadReport, format: Format): string {
  const missed = counts.total === 0 ? 0 : badRequests(counts) / counts.total;
  const allowed = 1 - shareOf(target.percentile);
  const name = `${format.percentileName(target.percentile)} <= ${format.milliseconds(target.latencyMilliseconds)}`;
  if (counts.total === 0) return `No request counts: ${counts.excluded} were client errors. Check the samples.`;
  const outcome = missed <= allowed ? "kept" : "missed";
  return `${name} ${outcome}: ${format.percent(missed)} of the requests missed it, ${format.percent(allowed)} may.`;
}

function warning({ sendDelayMilliseconds }: LoadStage, { target }: LoadReport, format: Format): string[] {
  if (sendDelayMilliseconds <= worryingDelayShare * target.latencyMilliseconds) return [];
  return [
    `The generator itself sent up to ${format.milliseconds(sendDelayMilliseconds)} late: this machine is too busy.`,
  ];
}
