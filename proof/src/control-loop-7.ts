import {
  type FoundSlowdown,
  servicesAtTheEdge,
  simulateQuietDays,
  simulateSlowdown,
  simulateTroubledWeeks,
} from "@sweetspot/operator/simulation";
import type { Measure, Progress, ProofOutcome } from "./proof.ts";

const weeksEach = 5;
const trialsEach = 100;
const slowdown = 2;
const soonEnough = 300;
const troubledWeeks = 20;

/**
 * The control loop's policies on virtual time. Quiet weeks are those of four services at 10 to 20 requests/s that have just as many
 * misses as allowed at the peak of the day: nobody who keeps the promise is harder to leave alone. Slow-downs come at random
 * times of the day. Troubled weeks have a new cause every quarter of an hour, and nothing helps.
 */
export async function proveVirtualWeeks(progress: Progress): Promise<ProofOutcome> {
  const quiet = quietWeeks(progress);
  const found = slowdowns(progress, true);
  const blind = slowdowns(progress, false);
  const busiest = simulateTroubledWeeks(troubledWeeks, 77);
  progress(`troubled: at most ${busiest.replans} replans and ${busiest.benchmarks} benchmarks in 24 h`);
  const weeks = quiet.length;
  const triggers = quiet.reduce((sum, week) => sum + week.triggers, 0);
  const named = share(found, ({ named: seconds }) => seconds <= soonEnough);
  const acted = share(found, (one) => one.acted <= soonEnough);
  const measures: Measure[] = [
    { name: `false triggers per 20 weeks, of ${weeks}`, figure: (20 * triggers) / weeks, atMost: 1 },
    { name: `slow-downs by ${slowdown} found within 5 min`, figure: named, atLeast: 95, unit: "%" },
    { name: "and acted on", figure: acted, atLeast: 95, unit: "%" },
    { name: "most replans in 24 h", figure: busiest.replans, atMost: 12 },
    { name: "most benchmarks", figure: busiest.benchmarks, atMost: 2 },
  ];
  return { measures, raw: { quiet, found, blind, busiest } };
}

function quietWeeks(progress: Progress) {
  const services = servicesAtTheEdge();
  return Array.from({ length: weeksEach }, (_, week) =>
    services.map((service, i) => {
      const result = { service: service.name, week, ...simulateQuietDays(service, 7, 5000 + 100 * i + week) };
      progress(
        `quiet: ${service.name}, week ${week + 1}: ${result.bad} of ${result.requests} missed, ${result.triggers} triggers`,
      );
      return result;
    }),
  ).flat();
}

/** `sees`: whether pods compare their batches with the table. Without it only misses tell, and those of a night may be none. */
function slowdowns(progress: Progress, sees: boolean): (FoundSlowdown & { readonly service: string })[] {
  return servicesAtTheEdge().flatMap((service, i) => {
    const results = Array.from({ length: trialsEach }, (_, trial) =>
      simulateSlowdown(service, slowdown, 100_000 * (i + 1) + 2 * trial, sees),
    );
    const how = sees ? "table and misses" : "misses alone";
    const soon = share(results, ({ named }) => named <= soonEnough).toFixed(0);
    progress(`slow-down by ${slowdown}, seen by ${how}: ${service.name}: ${soon} % within 5 min`);
    return results.map((result) => ({ service: service.name, ...result }));
  });
}

function share<T>(all: readonly T[], is: (one: T) => boolean): number {
  return (100 * all.filter(is).length) / all.length;
}
