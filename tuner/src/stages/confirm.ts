import { badRequests, type Candidate, type Decision, type LoadStage, shareOf } from "@sweetspot/crds";
import {
  judgeMisses,
  latencyAt,
  poissonArrivals,
  seededRandom,
  simulate,
  simulateNullMisses,
} from "@sweetspot/planner";
import { capacityOf } from "../decision/decide.ts";
import type { RunningLoad } from "../instruments.ts";
import { latencyOf } from "../race/ladder.ts";
import type { SearchPoint } from "../search/points.ts";
import type { TuningState } from "../tuning-state.ts";
import type { Entrant } from "./entrant.ts";
import { currentPoint } from "./predict.ts";

/** The load that is recommended: beyond it a small burst takes the queue over the target. */
const recommendedShare = 0.7;
const minimumSeconds = 3;
/** For the verdict and the report. */
const wrapUpSeconds = 2.5;
/** A slow server's run is long enough for so many requests, but not for ever. */
const fewestRequests = 10;
const longestOverrunSeconds = 20;
/** A target that is just missed passes once in a hundred confirming runs at most. */
const confidence = 0.99;
/** Simulated runs for the verdict: as many as so many requests allow, which is about a second's work. */
const nullRequests = 1_000_000;
const nullRuns = { least: 40, most: 2000 };
const simulatedRequests = 10_000;

/**
 * Runs the winner, whose server is still warm from the race, at the wanted rate or at 70 % of its capacity for the rest
 * of the budget, and judges the percentile. A short run is normally inconclusive, and says how long a conclusive one takes.
 */
export async function confirm(
  state: TuningState,
  winner: Candidate,
  { server, point }: Entrant,
  load: RunningLoad,
): Promise<Decision["confirmation"]> {
  const { request, budget } = state;
  const rate = confirmedRate(state, winner);
  const least = Math.max(minimumSeconds, Math.min(longestOverrunSeconds, fewestRequests / rate));
  const seconds = Math.max(least, budget.until(1) - wrapUpSeconds);
  state.say("Decision", `Confirming ${winner.name} at ${rate.toFixed(0)} requests/s for ${seconds.toFixed(0)} s`);
  const job = { url: server.inferUrl, target: request.target, seed: request.seed + 1 };
  const report = await load.run({ ...job, stages: [{ requestsPerSecond: rate, seconds }] }, state.signal);
  const [stage] = report.stages;
  if (stage === undefined || stage.counts.total === 0) return null;
  return judged(state, currentPoint(state, point), stage);
}

function confirmedRate({ request, findings }: TuningState, winner: Candidate): number {
  const capacity = capacityOf(winner);
  const wanted = request.requestsPerSecond;
  if (wanted === undefined) return recommendedShare * capacity;
  if (wanted <= capacity) return wanted;
  const replicas = Math.ceil(wanted / (recommendedShare * capacity));
  const message = `One replica carries ${capacity.toFixed(0)} requests/s under the target; ${wanted} requests/s need ${replicas} replicas.`;
  findings.push({ topic: "Workload", outcome: "Warning", message });
  return recommendedShare * capacity;
}

/** Simulated latency at the target's percentile at this rate; null where the simulated queue has no end. */
function predictLatency({ model, request }: TuningState, point: SearchPoint, requestsPerSecond: number): number | null {
  const arrivals = poissonArrivals(simulatedRequests, model.shapes, seededRandom(request.seed));
  const run = simulate(point, arrivals, requestsPerSecond, seededRandom(request.seed));
  const latency = latencyAt(run, shareOf(request.target.percentile)) / 1000;
  return Number.isFinite(latency) ? latency : null;
}

function judged(state: TuningState, point: SearchPoint, stage: LoadStage): NonNullable<Decision["confirmation"]> {
  const { percentile } = state.request.target;
  const allowed = 1 - shareOf(percentile);
  const requests = stage.counts.total;
  const requestsPerSecond = stage.offeredRequestsPerSecond;
  const runs = Math.max(nullRuns.least, Math.min(nullRuns.most, Math.floor(nullRequests / requests)));
  const load = { shapes: state.model.shapes, requestsPerSecond, requests };
  const nullMisses = simulateNullMisses(point, load, allowed, runs, seededRandom(state.request.seed));
  return {
    offeredRequestsPerSecond: requestsPerSecond,
    latencyMilliseconds: Math.min(latencyOf(stage, percentile), Number.MAX_SAFE_INTEGER),
    ...(stage.concurrency === undefined ? {} : { concurrency: stage.concurrency }),
    predictedLatencyMilliseconds: predictLatency(state, point, requestsPerSecond),
    verdict: judgeMisses({ requests, misses: badRequests(stage.counts) }, allowed, confidence, nullMisses),
  };
}
