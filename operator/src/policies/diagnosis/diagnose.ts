import { badRevision } from "./bad-revision.ts";
import { costDrift } from "./cost-drift.ts";
import { infeasible } from "./infeasible.ts";
import { load } from "./load.ts";
import { nodeClassChanged } from "./node-class-changed.ts";
import { noisyNode } from "./noisy-node.ts";
import type { Diagnosis, DiagnosisPolicy, Observation } from "./observation.ts";
import { processing } from "./processing.ts";
import { workloadDrift } from "./workload-drift.ts";

/** In order: when several hold, the first is acted on. */
const policies: readonly DiagnosisPolicy[] = [
  badRevision,
  nodeClassChanged,
  infeasible,
  noisyNode,
  costDrift,
  workloadDrift,
  processing,
  load,
];

/** Slower engines make everything else wait too, and take a minute longer to be seen than the waiting. */
const late: ReadonlySet<string> = new Set(["Processing"]);

/** Causes that are worth acting on before the target is missed: a slower node is found at night and missed at noon. */
const early: ReadonlySet<string> = new Set(["NodeClassChanged", "NoisyNode", "CostDrift"]);

export interface DiagnosisResult {
  /** What to act on; null while the target is not missed and nothing announces that it will be. */
  readonly cause: Diagnosis | null;
  /** What every policy found that could say something, in order. */
  readonly considered: readonly Diagnosis[];
}

/** Finds the cause before anything is done about it. */
export function diagnose(observation: Observation): DiagnosisResult {
  const considered = policies.map((policy) => policy(observation)).filter((found) => found !== null);
  if (observation.level.state === "Breached") {
    const old = isOld(observation);
    const first = considered.find(({ cause, holds }) => holds && (old || !late.has(cause)));
    return { cause: first ?? (old ? unexplained(observation) : null), considered };
  }
  return { cause: considered.find(({ cause, holds }) => holds && early.has(cause)) ?? null, considered };
}

/**
 * Rates, sizes and costs are those of the last one or two minutes. Until these lie within the breach its cause may still come to
 * light, and nothing is called unexplained.
 */
const windowMilliseconds = 120_000;

const isOld = ({ level, present }: Observation): boolean =>
  level.began === null || Date.parse(present.at) >= level.began + windowMilliseconds;

function unexplained({ level }: Observation): Diagnosis {
  return {
    cause: "Unexplained",
    holds: true,
    evidence: { share: level.share?.estimate ?? 0, allowed: level.allowed },
    sentence: `${level.sentence} Engines, traffic and load are as they were at promotion.`,
    remedy: { kind: "Advise" },
  };
}
