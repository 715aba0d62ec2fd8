import type { VerdictResult } from "@sweetspot/crds";
import { CostModel, judgeMisses, type SimulatedServer, withoutBatching } from "@sweetspot/planner";
import { exceededBy, grain, longLatencies, missesOfRuns, missesPerGrain } from "./long-run.ts";
import type { Progress, ProofOutcome } from "./proof.ts";
import { oneLength, tableOf } from "./workloads.ts";

/** A queue whose target is moved so that its true miss rate is known. `rows`: 1 is M/D/1, 8 batches as the server does. */
interface Case {
  readonly load: number;
  readonly rows: number;
  readonly allowed: number;
  /** About how many requests it takes to tell 0.8 from 1, which grows as (1 - load)^-2; sets the length of the simulation. */
  readonly decisive: number;
}

const cases: readonly Case[] = [
  { load: 0.7, rows: 8, allowed: 0.01, decisive: 400_000 },
  { load: 0.7, rows: 1, allowed: 0.05, decisive: 100_000 },
  { load: 0.8, rows: 8, allowed: 0.05, decisive: 250_000 },
  { load: 0.85, rows: 8, allowed: 0.05, decisive: 550_000 },
  { load: 0.9, rows: 8, allowed: 0.1, decisive: 550_000 },
  { load: 0.95, rows: 8, allowed: 0.1, decisive: 2_000_000 },
];
const longTrials = 50;
const nullRuns = 40;
const mostShortNullRuns = 2000;
const shortTrials = 2000;
const shortRun = 5 * grain;
const confidence = 0.99;
const worse = 1.2;
const better = 0.8;

/**
 * The verdict on queues whose true miss rate is 1.2 and 0.8 times the allowed one. As a user would: a short run, and where
 * that is inconclusive a new one of just the length that the verdict asked for.
 */
export async function proveVerdict(progress: Progress): Promise<ProofOutcome> {
  const results = cases.map((one) => {
    const result = { ...one, ...judgeCase(one) };
    const shares = `wrong passes ${percent(result.wrongShort)} of short runs and ${percent(result.wrongLong)} of long ones`;
    progress(`load ${one.load}, allowed ${percent(one.allowed)}: ${shares}; right passes ${percent(result.right)}`);
    return result;
  });
  const [short, long] = [results.map(({ wrongShort }) => wrongShort), results.map(({ wrongLong }) => wrongLong)];
  const right = results.map((result) => result.right);
  const unit = "%";
  return {
    measures: [
      {
        name: "wrong passes at 1.2 times the allowed rate, short runs",
        figure: 100 * Math.max(...short),
        atMost: 1,
        unit,
      },
      { name: "runs as long as asked", figure: 100 * Math.max(...long), atMost: 1, unit },
      { name: "right passes at 0.8 times", figure: 100 * Math.min(...right), atLeast: 80, unit },
    ],
    raw: { confidence, shortRun, nullRuns, results },
  };
}

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

function judgeCase({ load, rows, allowed, decisive }: Case) {
  const server = serverOf(rows);
  const requestsPerSecond = (load * rows * 1e6) / batchMicroseconds(rows);
  const simulated = (requests: number, seed: number) =>
    longLatencies(server, oneLength, requestsPerSecond, requests, seed);
  const judge = judgeWith(simulated(nullRuns * decisive, 1000), allowed);
  const truth = simulated(longTrials * decisive, 5000);
  const follow = (factor: number) => {
    const misses = missesPerGrain(truth, exceededBy(truth, factor * allowed));
    return followVerdicts(misses, judge);
  };
  const [bad, good] = [follow(worse), follow(better)];
  return {
    wrongShort: bad.shortPasses,
    wrongLong: bad.longPasses,
    right: good.longPasses,
    askedAtBetter: good.asked,
    longTrials: { bad: bad.longTrials, good: good.longTrials },
  };
}

type Judge = (requests: number, misses: number) => ReturnType<typeof judgeMisses>;

/** Judges runs of any length against runs of as many requests of the same queue at exactly the allowed rate. */
function judgeWith(latencies: Float32Array, allowed: number): Judge {
  const perGrain = missesPerGrain(latencies, exceededBy(latencies, allowed));
  const known = new Map<number, number[]>();
  return (requests, misses) => {
    const nullMisses = known.get(requests) ?? missesOfRuns(perGrain, requests, mostShortNullRuns);
    known.set(requests, nullMisses);
    return judgeMisses({ requests, misses }, allowed, confidence, nullMisses);
  };
}

/** Shares that passed: of short runs, and of the longer ones that followed inconclusive short ones. */
function followVerdicts(perGrain: Uint16Array, judge: Judge) {
  const short = missesOfRuns(perGrain, shortRun, shortTrials).map((misses) => judge(shortRun, misses));
  const asked = short.flatMap(({ requiredRequests }) => (requiredRequests === null ? [] : [requiredRequests]));
  const long: VerdictResult[] = [];
  let at = 0;
  for (const required of asked) {
    const requests = Math.ceil(required / grain) * grain;
    const [misses] = missesOfRuns(perGrain.subarray(at), requests, 1);
    if (misses === undefined) break;
    long.push(judge(requests, misses).result);
    at += requests / grain;
  }
  const passes = (results: readonly VerdictResult[]) =>
    results.filter((result) => result === "Pass").length / results.length;
  return {
    shortPasses: passes(short.map(({ result }) => result)),
    longPasses: passes(long),
    longTrials: long.length,
    asked,
  };
}

/** The queue of the project's own measurements: `2.3 + b` ms for b rows. */
const batchMicroseconds = (rows: number): number => 2300 + 1000 * rows;

function serverOf(maximumRows: number): SimulatedServer {
  const cost = CostModel.fromTable(tableOf(batchMicroseconds));
  return { instances: 1, threadsPerInstance: 1, policy: { ...withoutBatching, maximumRows }, cost, noiseFactors: [1] };
}
