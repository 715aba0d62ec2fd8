import type { LoadReport, TuningReport } from "@sweetspot/crds";
import type { Proof } from "./prove-answers.ts";
import type { Subject } from "./subjects.ts";

/** All that the demo found out about one model. */
export interface Outcome {
  readonly subject: Subject;
  readonly report: TuningReport;
  readonly proof: Proof;
  readonly load: LoadReport;
}

/** The demo's result: one column per model, because the lines are long. */
export function resultTable(outcomes: readonly Outcome[]): string {
  const lines = outcomes.map(({ subject, ...rest }) =>
    [`\n${subject.title}`, ...factsOf({ subject, ...rest })].join("\n"),
  );
  return lines.join("\n");
}

function factsOf({ subject, report, proof, load }: Outcome): string[] {
  const { decision } = report;
  const [stage] = load.stages;
  const facts: [string, string][] = [
    ["winner", decision.summary],
    ["target", `${report.question.serviceLevel.percentile} within ${subject.latencyMilliseconds} ms`],
    ["measured", confirmation(report)],
    ["capacity", `${decision.capacityRequestsPerSecond.toFixed(0)} requests/s under the target`],
    ["gain", gain(report)],
    [
      "real traffic",
      stage === undefined
        ? "none"
        : `${stage.counts.total} requests at ${stage.offeredRequestsPerSecond.toFixed(0)}/s, p99 ${stage.latencyMilliseconds.p99?.toFixed(1)} ms, ${stage.counts.failed + stage.counts.refused} refused or failed`,
    ],
    ["answers", answers(proof)],
  ];
  return facts.map(([name, text]) => `  ${name.padEnd(13)}${text}`);
}

function confirmation({ decision, question }: TuningReport): string {
  if (decision.confirmation === null) return "not confirmed";
  const { latencyMilliseconds, verdict, offeredRequestsPerSecond } = decision.confirmation;
  return `${question.serviceLevel.percentile} ${latencyMilliseconds.toFixed(1)} ms at ${offeredRequestsPerSecond.toFixed(0)} requests/s: ${verdict.result}. ${verdict.message}`;
}

function gain({ decision }: TuningReport): string {
  const { gainOverDefault } = decision;
  if (gainOverDefault === null || gainOverDefault.low <= 1) return `none that is certain: ${decision.reason}`;
  const { estimate, low, high } = gainOverDefault;
  return `${estimate.toFixed(2)}x the naive default's capacity (95 % interval ${low.toFixed(2)} to ${high.toFixed(2)}, paired rounds)`;
}

function answers({ requests, largestDifference, meanCosine, holds }: Proof): string {
  const verdict = holds ? "agree" : "DO NOT agree";
  return `${requests} of ${requests} compared, ${verdict} with direct ONNX Runtime calls of the same file (largest difference ${largestDifference.toExponential(1)}, mean cosine ${meanCosine.toFixed(6)})`;
}
