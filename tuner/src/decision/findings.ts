import type { Candidate, Finding, VariantName, VariantResult } from "@sweetspot/crds";
import { capacityOf } from "./decide.ts";

/** How the finding of a tuning that failed half-way begins. */
export const endedEarly = "The tuning ended early";

/** What the findings are drawn from. */
export interface Evidence {
  readonly candidates: readonly Candidate[];
  readonly variants: readonly VariantResult[];
  /** Those that have a cost table. */
  readonly timed: readonly VariantName[];
  readonly synthesised: boolean;
  /** Was padding allowed, and does the model have an axis that could be padded? */
  readonly padding: "Granted" | "Refused" | "NotApplicable";
  readonly raced: boolean;
  /** Speed of rows in the best batches that fit, over that of rows one by one, in the winner's engine; null where not measured. */
  readonly batchGain: number | null;
  /** Factor by which equal work differs on this machine, at least 1. */
  readonly noise: number;
}

/** Differences below this are not worth a remark either way. */
const noticeable = 1.03;

/** The items of the serving checklist as measured remarks: done and what it gained, tried and what it lost, or why not. */
export function findingsFrom(evidence: Evidence): Finding[] {
  return [
    ...workloadFindings(evidence),
    ...paddingFindings(evidence),
    ...batchingFindings(evidence),
    ...orderFindings(evidence),
    ...comparison(evidence.candidates, "Threads", ({ layout }) => layout.instances > 1, [
      "several engine processes",
      "one engine process with all threads",
    ]),
    ...quantizationFindings(evidence),
  ];
}

function workloadFindings({ synthesised, raced }: Evidence): Finding[] {
  const findings: Finding[] = [];
  if (synthesised) {
    const message =
      "No samples were given: lengths and values were made up within safe bounds, and no lossy variant may win. Give real requests with --samples.";
    findings.push({ topic: "Workload", outcome: "Warning", message });
  }
  if (!raced) {
    const message =
      "The winner comes from the simulator alone; a larger budget lets candidates race through the real server.";
    findings.push({ topic: "Budget", outcome: "Warning", message });
  }
  return findings;
}

const paddingMessages = {
  Granted: [
    "Gained",
    "A padded row has the same answer as the row alone, so requests of different length share batches.",
  ],
  Refused: [
    "NotApplicable",
    "A padded row has another answer than the row alone, so only requests of equal shape share batches.",
  ],
  NotApplicable: ["NotApplicable", "The model has no single axis that could be padded."],
} as const;

function paddingFindings({ padding }: Evidence): Finding[] {
  const [outcome, message] = paddingMessages[padding];
  return [{ topic: "Padding", outcome, message }];
}

/**
 * The batch former makes no batch that the cost table speaks against, so plans that may batch rarely lose in simulation:
 * whether batches pay at all is seen in the engine.
 */
function batchingFindings({ candidates, batchGain, noise }: Evidence): Finding[] {
  if (batchGain !== null && batchGain * noise < 1) {
    const message = `Do not batch here: in the engine a row costs ${(1 / batchGain).toFixed(2)} times as much in the best batch that fits as alone. Batching does not pay.`;
    return [{ topic: "Batching", outcome: "Lost", message }];
  }
  const words = ["batching", "serving one by one"] as const;
  return comparison(candidates.filter(isSearched), "Batching", batches, words);
}

/** What most batchers do: requests of unlike lengths are padded to the longest that happens to come with them. */
function orderFindings({ candidates }: Evidence): Finding[] {
  const compared = candidates.filter((candidate) => !isSearched(candidate) || !batches(candidate));
  const words = ["batching in order of arrival, padded to the longest of a batch,", "serving one by one"] as const;
  return comparison(compared, "Batching", batches, words);
}

/** Does the plan make batches at all? */
export const batches = ({ batching }: Candidate): boolean => batching.maximumRows > 1;
const isSearched = ({ batching }: Candidate): boolean => batching.former === "CostTable";

/** Holds the best candidate with a property against the best without it. */
function comparison(
  candidates: readonly Candidate[],
  topic: Finding["topic"],
  has: (candidate: Candidate) => boolean,
  [what, instead]: readonly [string, string],
): Finding[] {
  const tuned = candidates.filter(({ role }) => role !== "Incumbent");
  const [withIt, without] = [tuned.filter(has), tuned.filter((candidate) => !has(candidate))].map(bestCapacity);
  if (!withIt || !without) return [];
  const ratio = withIt / without;
  const figures = `${withIt.toFixed(0)} against ${without.toFixed(0)} requests/s under the target`;
  if (ratio > noticeable)
    return [{ topic, outcome: "Gained", message: `${capital(what)} pays here: ${figures} with ${instead}.` }];
  if (ratio < 1 / noticeable) {
    return [{ topic, outcome: "Lost", message: `${capital(what)} does not pay here: ${figures} with ${instead}.` }];
  }
  return [
    {
      topic,
      outcome: "NotApplicable",
      message: `${capital(what)} makes no difference here: ${figures} with ${instead}.`,
    },
  ];
}

/** The highest predicted capacity, requests per second; 0 without a prediction. */
export const bestCapacity = (candidates: readonly Candidate[]): number =>
  Math.max(0, ...candidates.map((candidate) => candidate.prediction?.capacityRequestsPerSecond ?? 0));

const capital = (words: string): string => words.charAt(0).toUpperCase() + words.slice(1);

function quantizationFindings({ variants, candidates, timed }: Evidence): Finding[] {
  const lossy = variants.filter(({ variant }) => variant !== "Source");
  return lossy.map((result): Finding => {
    const topic = "Quantization";
    if (result.state !== "Ready")
      return { topic, outcome: "NotApplicable", message: `${result.variant}: ${result.message}` };
    if (result.twin !== undefined) {
      const message = `${result.variant} passes the quality gate; ${result.twin} has the same operators and loses less.`;
      return { topic, outcome: "NotApplicable", message };
    }
    if (!result.eligible)
      return { topic: "Quality", outcome: "Lost", message: `${result.variant} may not win: ${lossOf(result)}` };
    if (!timed.includes(result.variant)) {
      const message = `${result.variant} may win, and there was no time to measure its speed: a larger budget has.`;
      return { topic: "Budget", outcome: "Warning", message };
    }
    return speedFinding(result, candidates);
  });
}

function lossOf({ quality }: VariantResult): string {
  if (quality === null) return "its quality could not be judged without samples.";
  const share = (value: number) => `${(100 * value).toFixed(2)} %`;
  const figure = `${quality.metric} loses ${share(quality.loss.estimate)} (95 % interval ${share(quality.loss.low)} to ${share(quality.loss.high)}).`;
  return quality.moreSamples === null ? figure : `${figure} About ${quality.moreSamples} more samples would decide.`;
}

function speedFinding(result: VariantResult, candidates: readonly Candidate[]): Finding {
  const best = (variant: string) =>
    candidates
      .filter((candidate) => candidate.variant === variant && candidate.role !== "Incumbent")
      .reduce((highest, candidate) => Math.max(highest, capacityOf(candidate)), 0);
  const [own, source] = [best(result.variant), best("Source")];
  const topic = "Quantization";
  if (own === 0 || source === 0) {
    return { topic, outcome: "Lost", message: `${result.variant} is not among the best plans of this node.` };
  }
  const faster = own > source;
  const message = `${result.variant} ${faster ? "pays" : "does not pay"} here: ${own.toFixed(0)} against ${source.toFixed(0)} requests/s of the source model.`;
  return { topic, outcome: faster ? "Gained" : "Lost", message };
}
