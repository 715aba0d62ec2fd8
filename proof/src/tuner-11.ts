import {
  CostModel,
  poissonArrivals,
  policiesFor,
  type ReplanRequest,
  type RequestShape,
  replan,
  type SimulatedServer,
  searchPlans,
  seededRandom,
  simulate,
  simulateCapacity,
  withoutBatching,
} from "@sweetspot/planner";
import type { Progress, ProofOutcome } from "./proof.ts";
import { mixedLengths, oneLength, transformerTable } from "./workloads.ts";

const target = { percentile: "P99", latencyMilliseconds: 50 } as const;
const seed = 1;
const requests = 200_000;
const repeats = 5;
const load = 0.7;
const wantedPerSecond = 1e6;
const wantedPoints = 2000;
const wantedSeconds = 30;
const wantedReplanSeconds = 2;

/**
 * Speed of the simulator where plans are compared, at 70 % of each server's capacity: the slowest of nine servers, each
 * at its best of several runs; the time of one search over 2,000 plans; and of a replan from six tables. One thread, in
 * seconds of CPU time.
 */
export async function proveSimulatorSpeed(progress: Progress): Promise<ProofOutcome> {
  const mixed = mixedLengths();
  const speeds = [oneLength, mixed].map((shapes) => servers().map((server) => speedOf(server, shapes)));
  const [slowestOfOne, slowestOfMixed] = speeds.map((of) => Math.min(...of.map(({ perSecond }) => perSecond)));
  for (const { server, perSecond } of speeds.flat()) progress(`${server}: ${perSecond.toExponential(2)} requests/s`);
  const points = manyPoints();
  const seconds = secondsOf(() => searchPlans(points, { target, shapes: mixed, seed, stop: () => false }));
  const replanSeconds = Math.min(...Array.from({ length: repeats }, () => secondsOf(() => replan(newTraffic()))));
  return {
    measures: [
      { name: "simulated requests/s of one length", figure: slowestOfOne as number, atLeast: wantedPerSecond },
      { name: "of mixed lengths", figure: slowestOfMixed as number, atLeast: wantedPerSecond },
      { name: `search over ${points.length} plans`, figure: seconds, atMost: wantedSeconds, unit: "s" },
      { name: "replan for another mix", figure: replanSeconds, atMost: wantedReplanSeconds, unit: "s" },
    ],
    raw: { requests, repeats, speeds: speeds.flat(), points: points.length, seconds, replanSeconds },
  };
}

/** From one engine to four, without batching and with small and large batches. */
const servers = (): SimulatedServer[] =>
  [1, 2, 4].flatMap((instances) =>
    [1, 8, 32].map((maximumRows) => serverOf(instances, { ...withoutBatching, maximumRows }, 1)),
  );

function serverOf(instances: number, policy: SimulatedServer["policy"], costFactor: number): SimulatedServer {
  const table = transformerTable(costFactor);
  const { noiseFactors } = table;
  return { instances, threadsPerInstance: 1, policy, cost: CostModel.fromTable(table), noiseFactors };
}

function speedOf(server: SimulatedServer, shapes: readonly RequestShape[]) {
  const scout = poissonArrivals(6000, shapes, seededRandom(seed));
  const capacity = simulateCapacity(server, scout, target, { seed, tolerance: 0.01 });
  const arrivals = poissonArrivals(requests, shapes, seededRandom(seed));
  const times = Array.from({ length: repeats }, () =>
    secondsOf(() => simulate(server, arrivals, load * capacity, seededRandom(seed))),
  );
  const lengths = shapes.length === 1 ? "one length" : "mixed lengths";
  const name = `${lengths}, ${server.instances} engines, batch <= ${server.policy.maximumRows}`;
  return { server: name, perSecond: requests / Math.min(...times), times };
}

/** Five variants in four layouts under every policy, cut to just as many as are wanted. */
function manyPoints(): SimulatedServer[] {
  const policies = policiesFor(target, true);
  const points = [1, 0.8, 0.6, 0.5, 1.5].flatMap((costFactor) =>
    [1, 2, 3, 4].flatMap((instances) => {
      const { cost, noiseFactors } = serverOf(instances, withoutBatching, costFactor);
      return policies.map((policy) => ({ instances, threadsPerInstance: 1, policy, cost, noiseFactors }));
    }),
  );
  return points.slice(0, wantedPoints);
}

/** Two variants in three layouts, which a short tuning measures, and traffic that is not what the plan was made for. */
function newTraffic(): ReplanRequest {
  const tables = (["Source", "INT8Dynamic"] as const).flatMap((variant, i) =>
    [1, 2, 4].map((instances) => {
      const layout = { instances, threadsPerInstance: 4 / instances, pinned: true, spinning: false };
      return { variant, layout, table: transformerTable((i === 0 ? 1 : 0.5) / layout.threadsPerInstance ** 0.8) };
    }),
  );
  const { variant, layout } = tables[0] as (typeof tables)[number];
  const current = { variant, layout, batching: withoutBatching };
  return { tables, current, target, shapes: mixedLengths(256, 8), seed, stop: () => false };
}

/** CPU time of the whole process, its garbage collector included: what one core is busy for, whoever else is on it. */
function secondsOf(work: () => unknown): number {
  const start = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1e6;
}
