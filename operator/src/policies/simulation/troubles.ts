import { exponential, type Random, seededRandom } from "@sweetspot/planner";
import type { Diagnosis } from "../diagnosis/observation.ts";
import {
  decideRetuning,
  defaultRetuning,
  initialRetuning,
  type RetuningSettings,
  type RetuningSituation,
} from "../retuning.ts";

/** The most that was done within any 24 hours. */
export interface BusiestDay {
  readonly replans: number;
  readonly benchmarks: number;
  readonly rollbacks: number;
}

const lookSeconds = 10;
const daySeconds = 86_400;
const found = (cause: Diagnosis["cause"], remedy: Diagnosis["remedy"]): Diagnosis => ({
  cause,
  holds: true,
  evidence: {},
  sentence: "",
  remedy,
});
const causes: readonly (Diagnosis | null)[] = [
  null,
  found("CostDrift", { kind: "Replan" }),
  found("WorkloadDrift", { kind: "Replan" }),
  found("BadRevision", { kind: "RollBack", revision: "r0" }),
  found("Load", { kind: "Scale", replicas: 3 }),
];

/**
 * Weeks in which everything goes wrong: causes come and go every few minutes, nothing that is done helps, breaches are urgent, and
 * somebody edits the spec every few hours.
 */
export function simulateTroubledWeeks(
  weeks: number,
  seed: number,
  settings: RetuningSettings = defaultRetuning,
): BusiestDay {
  const random = seededRandom(seed);
  const acts: { readonly at: number; readonly action: string }[] = [];
  let state = initialRetuning(1);
  let trouble = nextTrouble(random, 0, 1);
  let changes = 1;
  for (let now = 0; now < weeks * 7 * daySeconds; now += lookSeconds) {
    if (random() < lookSeconds / (3 * 3600)) changes += 1;
    if (now >= trouble.until) trouble = nextTrouble(random, now, changes);
    const decision = decideRetuning(state, { ...trouble.situation, generation: changes }, settings, now * 1000);
    state = decision.state;
    if (decision.kind === "Act") acts.push({ at: now, action: decision.action });
  }
  const busiest = (action: string) => mostInADay(acts.filter((act) => act.action === action).map(({ at }) => at));
  return { replans: busiest("Replan"), benchmarks: busiest("Benchmark"), rollbacks: busiest("RollBack") };
}

interface Trouble {
  readonly until: number;
  readonly situation: Omit<RetuningSituation, "generation">;
}

function nextTrouble(random: Random, now: number, revision: number): Trouble {
  const cause = causes[Math.floor(random() * causes.length)] ?? null;
  const state = cause === null && random() < 0.5 ? "Met" : "Breached";
  return {
    until: now + 900 * exponential(random),
    situation: {
      level: { state, urgent: random() < 0.5 },
      cause,
      revision: `r${revision}`,
      jobs: { fleet: 0, node: 0 },
    },
  };
}

/** The most of these instants (seconds, ascending) that lie within 24 hours. */
function mostInADay(instants: readonly number[]): number {
  let [first, most] = [0, 0];
  instants.forEach((instant, i) => {
    while ((instants[first] as number) <= instant - daySeconds) first += 1;
    most = Math.max(most, i - first + 1);
  });
  return most;
}
