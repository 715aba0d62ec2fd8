import { setTimeout as delay } from "node:timers/promises";
import {
  Fleet,
  jobs,
  MeasuredOperator,
  type OperatorCosts,
  OperatorPlace,
  ownSecondsAt,
  reconcilesOf,
  writesOf,
} from "@sweetspot/test/fleet";
import { shareOf } from "./data-plane/share.ts";
import type { Progress, ProofOutcome } from "./proof.ts";

const deployments = 1000;
const nodes = 200;
const steadySeconds = 600;
/** Who is not done by then will not be. */
const patienceSeconds = 900;
/** Longer than deployments are looked at. */
const quietMilliseconds = 10_000;
const namespace = "fleet";

/**
 * A fleet on a real API server, with a stand-in that plays Deployments, Jobs, kubelets and the programs in the pods: first of different
 * questions, then of equal ones.
 */
export async function proveFleet(progress: Progress): Promise<ProofOutcome> {
  const different = await differentOnes(progress);
  const equal = await equalOnes(progress);
  return {
    measures: [
      { name: "InferenceDeployments", figure: shareOf(deployments), atLeast: deployments },
      { name: "all converged within", figure: different.seconds, atMost: 300, unit: "s" },
      { name: "most memory of the operator", figure: different.rest.mostResidentMiB, atMost: 300, unit: "MiB" },
      { name: `writes in ${different.steadySeconds} s after that`, figure: different.writes, atMost: 0 },
      { name: "p99 of reconciles without waits", figure: different.p99, atMost: 0.1, unit: "s" },
      { name: "Jobs for as many equal ones", figure: equal.jobs, atLeast: 1, atMost: 1 },
      { name: "these converged within", figure: equal.seconds, atMost: 300, unit: "s" },
    ],
    raw: { different, equal },
  };
}

async function differentOnes(progress: Progress) {
  await using place = await startPlace();
  await using operator = new MeasuredOperator(place, namespace);
  const seconds = await converge(place, "different", progress);
  const { length: made } = (await place.client.list(jobs, { namespace })).items;
  const before = await untilQuiet(operator, progress);
  const steady = Math.max(30, shareOf(steadySeconds));
  progress(`at rest: ${before.mostResidentMiB.toFixed(0)} MiB at most; ${made} Jobs; now ${steady} s of nothing`);
  await delay(1000 * steady);
  const rest = await operator.costs();
  const written = writesBetween(before, rest);
  const looks = (reconcilesOf(rest) - reconcilesOf(before)) / steady;
  const cpu = (rest.cpuSeconds - before.cpuSeconds) / steady;
  progress(`${looks.toFixed(0)} looks per second with ${cpu.toFixed(2)} CPUs; written: ${JSON.stringify(written)}`);
  const writes = Object.values(written).reduce((sum, count) => sum + count, 0);
  const costs = { residentMiB: rest.residentMiB, mostResidentMiB: rest.mostResidentMiB };
  const p99 = ownSecondsAt(rest, 0.99);
  return { seconds, jobs: made, steadySeconds: steady, writes, written, p99, looks, cpu, rest: costs };
}

async function equalOnes(progress: Progress) {
  await using place = await startPlace();
  await using _operator = new MeasuredOperator(place, namespace);
  const seconds = await converge(place, "equal", progress);
  return { seconds, jobs: (await place.client.list(jobs, { namespace })).items.length };
}

async function startPlace(): Promise<OperatorPlace> {
  const place = await OperatorPlace.start({ nodes });
  await place.makeNamespace(namespace);
  return place;
}

/** Seconds from the first one made to the last one at rest; infinite where that does not come. */
async function converge(place: OperatorPlace, kind: "equal" | "different", progress: Progress): Promise<number> {
  const fleet = new Fleet(place, namespace);
  const count = shareOf(deployments);
  const began = performance.now();
  const seconds = () => (performance.now() - began) / 1000;
  await fleet.make(count, kind);
  progress(`${count} ${kind} ones made after ${seconds().toFixed(0)} s`);
  for (let told = 0; seconds() < patienceSeconds; ) {
    const there = await fleet.atRest();
    if (there === count) return seconds();
    if (there > told + count / 10) progress(`${there} at rest after ${seconds().toFixed(0)} s`);
    told = Math.max(told, there);
    await delay(2000);
  }
  return Number.POSITIVE_INFINITY;
}

/** Events are paced, so that some are still to be told when all is at rest. Gives the costs by then. */
async function untilQuiet(operator: MeasuredOperator, progress: Progress): Promise<OperatorCosts> {
  const began = performance.now();
  for (let before = await operator.costs(); ; ) {
    await delay(quietMilliseconds);
    const now = await operator.costs();
    const seconds = (performance.now() - began) / 1000;
    if (Object.keys(writesBetween(before, now)).length === 0 || seconds > patienceSeconds) {
      progress(`the last writes came within ${seconds.toFixed(0)} s after that`);
      return now;
    }
    before = now;
  }
}

function writesBetween(before: OperatorCosts, after: OperatorCosts): Record<string, number> {
  const then = writesOf(before);
  const since = [...writesOf(after)].map(([what, count]) => [what, count - (then.get(what) ?? 0)] as const);
  return Object.fromEntries(since.filter(([, count]) => count > 0));
}
