import { type FoundSlowdown, servicesAtTheEdge, simulateTroubledWeeks } from "@sweetspot/operator/simulation";
import { inThreads } from "./in-threads.ts";
import type { Measure, Progress, ProofOutcome } from "./proof.ts";
import type { VirtualResult, VirtualTask } from "./virtual-weeks.ts";

const weeksEach = 5;
const trialsEach = 100;
const slowdown = 2;
const soonEnough = 300;
const troubledWeeks = 20;
const program = new URL("./virtual-weeks-program.ts", import.meta.url);

/**
 * The control loop's policies on virtual time. Quiet weeks are those of four services at 10 to 20 requests/s that have just as many
 * misses as allowed at the peak of the day: nobody who keeps the promise is harder to leave alone. Slow-downs come at random
 * times of the day. Troubled weeks have a new cause every quarter of an hour, and nothing helps.
 */
export async function proveVirtualWeeks(progress: Progress): Promise<ProofOutcome> {
  const results = await inThreads<VirtualTask, VirtualResult>(program, allTasks(), (_, result) =>
    progress(inWords(result)),
  );
  const quiet = results.filter((result) => result.kind === "QuietWeek");
  const slow = results.filter((result) => result.kind === "Slowdowns");
  const found = slow.filter(({ sees }) => sees).flatMap((one) => one.found);
  const busiest = simulateTroubledWeeks(troubledWeeks, 77);
  progress(`troubled: at most ${busiest.replans} replans and ${busiest.benchmarks} benchmarks in 24 h`);
  const weeks = quiet.length;
  const triggers = quiet.reduce((sum, week) => sum + week.triggers, 0);
  const measures: Measure[] = [
    { name: `false triggers per 20 weeks, of ${weeks}`, figure: (20 * triggers) / weeks, atMost: 1 },
    { name: `slow-downs by ${slowdown} found within 5 min`, figure: soon(found, "named"), atLeast: 95, unit: "%" },
    { name: "and acted on", figure: soon(found, "acted"), atLeast: 95, unit: "%" },
    { name: "most replans in 24 h", figure: busiest.replans, atMost: 12 },
    { name: "most benchmarks", figure: busiest.benchmarks, atMost: 2 },
  ];
  return { measures, raw: { quiet, slow, busiest } };
}

/** The longest first. */
function allTasks(): VirtualTask[] {
  const services = servicesAtTheEdge().map((_, service) => service);
  const weeks = Array.from({ length: weeksEach }, (_, week) => week);
  return [
    ...weeks.flatMap((week) => services.map((service) => ({ kind: "QuietWeek", service, week }) as const)),
    ...[true, false].flatMap((sees) =>
      services.map((service) => ({ kind: "Slowdowns", service, sees, factor: slowdown, trials: trialsEach }) as const),
    ),
  ];
}

function inWords(result: VirtualResult): string {
  const { service } = result;
  if (result.kind === "QuietWeek") {
    const { week, bad, requests, triggers } = result;
    return `quiet: ${service}, week ${week + 1}: ${bad} of ${requests} missed, ${triggers} triggers`;
  }
  const how = result.sees ? "table and misses" : "misses alone";
  return `slow-down by ${slowdown}, seen by ${how}: ${service}: ${soon(result.found, "named").toFixed(0)} % within 5 min`;
}

/** Share in per cent. */
const soon = (found: readonly FoundSlowdown[], what: "named" | "acted"): number =>
  (100 * found.filter((one) => one[what] <= soonEnough).length) / found.length;
