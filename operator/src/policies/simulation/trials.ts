import { blockScore, seededRandom, simulate, switchbackBlock } from "@sweetspot/planner";
import { judgeSwitchback, type PairOutcome, type SwitchbackDesign } from "../switchback.ts";
import { unitArrivals, type VirtualService, virtualService } from "./virtual-service.ts";

export interface TrialsOptions {
  /** Engine time of the candidate over the incumbent's. */
  readonly factor: number;
  readonly trials: number;
  readonly requestsPerSecond: number;
  readonly seed: number;
}

/** How a trial ended, and after how many pairs of blocks. */
export interface TrialResult {
  readonly kind: "Promote" | "RollBack";
  readonly reason: "Better" | "Worse" | "NotShownBetter";
  readonly pairs: number;
}

/**
 * Trials of a candidate in one pod at a load of 0.7. Both plans serve the same arrivals in the simulator, and each block takes its
 * latencies from the plan that the switchback gives it: what the other plan left behind is over within the wash-out.
 */
export function simulateTrials(options: TrialsOptions, design: SwitchbackDesign): TrialResult[] {
  const { factor, trials, requestsPerSecond: peak, seed } = options;
  const service = virtualService({
    name: "trial",
    percentile: "P99",
    instances: 1,
    maximumRows: 8,
    growth: (rows) => (2.3 + rows) / 3.3,
    peak,
    night: 1,
    load: 0.7,
    edge: 0.5,
  });
  return Array.from({ length: trials }, (_, i) =>
    oneTrial(service, factor, { ...design, seed: seed * 10_000 + i }, peak),
  );
}

/** A queue is empty every few seconds, so that the simulation may begin anew now and then. */
const pairsAtOnce = 6;

function oneTrial(
  service: VirtualService,
  factor: number,
  design: SwitchbackDesign,
  requestsPerSecond: number,
): TrialResult {
  const pairs: PairOutcome[] = [];
  while (pairs.length < design.mostPairs) {
    for (const pair of somePairs(service, factor, design, requestsPerSecond, pairs.length)) {
      pairs.push(pair);
      const verdict = judgeSwitchback(pairs, design);
      if (verdict.kind !== "Continue") return { ...verdict, pairs: pairs.length };
    }
  }
  return { kind: "RollBack", reason: "NotShownBetter", pairs: pairs.length };
}

/** The outcomes of the pairs from `first` on. */
function somePairs(
  service: VirtualService,
  factor: number,
  design: SwitchbackDesign,
  requestsPerSecond: number,
  first: number,
): PairOutcome[] {
  const seconds = 2 * design.blockSeconds * pairsAtOnce;
  const seed = design.seed * 1000 + first;
  const arrivals = unitArrivals(Math.ceil(seconds * requestsPerSecond), seededRandom(seed));
  const run = (slowdown: number) =>
    simulate(service.server(slowdown), arrivals, requestsPerSecond, seededRandom(seed + 1), {
      queue: Number.POSITIVE_INFINITY,
    }).latencies;
  const latencies = { Incumbent: run(1), Candidate: run(factor) };
  const blocks = Array.from({ length: pairsAtOnce }, () => ({ Incumbent: [] as number[], Candidate: [] as number[] }));
  const start = 2 * design.blockSeconds * first;
  arrivals.instants.forEach((instant, i) => {
    const { pair, arm, washingOut } = switchbackBlock(design, start + instant / requestsPerSecond);
    if (!washingOut) blocks[pair - first]?.[arm].push((latencies[arm][i] as number) / 1000);
  });
  const score = (own: readonly number[]) => blockScore(own, 0, service.target.latencyMilliseconds) ?? 1;
  return blocks.map(({ Incumbent, Candidate }) => ({ incumbent: score(Incumbent), candidate: score(Candidate) }));
}
