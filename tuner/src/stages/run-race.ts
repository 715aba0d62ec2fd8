import { join } from "node:path";
import type { Candidate } from "@sweetspot/crds";
import { mean, meanInterval, type Predicted } from "@sweetspot/planner";
import type { LoadClient } from "../load/run-load.ts";
import { type Racer, race } from "../race/race.ts";
import { SidecarProcess } from "../race/sidecar-process.ts";
import { chooseEntrants } from "../search/entrants.ts";
import { nameOf, type SearchPoint } from "../search/points.ts";
import type { LoadableVariant, TuningState } from "../tuning-state.ts";
import { planFor } from "./plan-for.ts";
import { incumbentName, type Search } from "./predict.ts";

/** The race ends here; the rest is for the confirming run. */
const deadlineShare = 0.9;
const rounds = { minimum: 3, maximum: 12 };
const stageSeconds = { short: 0.5, long: 2 };
const longBudgetSeconds = 300;
/** A candidate of which the simulator expects next to nothing still starts within reach of the others. */
const leastGuess = 0.25;
const leastRate = 1;

/** Runs the race of the best two and the naive default, and enters what was measured into the candidates. */
export async function runRace(state: TuningState, search: Search, load: LoadClient, directory: string): Promise<void> {
  const entrants = [
    { name: incumbentName, ...search.incumbent },
    ...chooseEntrants(search.ranked).map((entrant) => ({ name: nameOf(entrant.point), ...entrant })),
  ];
  await using servers = new AsyncDisposableStack();
  const racers: Racer[] = [];
  const best = Math.max(...entrants.map(({ prediction }) => prediction.capacityRequestsPerSecond));
  for (const entrant of entrants) {
    const guess = Math.max(entrant.prediction.capacityRequestsPerSecond, leastGuess * best, leastRate);
    const racer = await startRacer(state, entrant, guess, directory);
    servers.defer(() => racer.server.close());
    racers.push(racer);
  }
  const { budget, request, signal } = state;
  state.say("Race", `Racing ${racers.map(({ name }) => name).join(", ")}`);
  const results = await race(racers, load, {
    target: request.target,
    stageSeconds: request.budgetSeconds < longBudgetSeconds ? stageSeconds.short : stageSeconds.long,
    minimumRounds: rounds.minimum,
    maximumRounds: rounds.maximum,
    seed: request.seed,
    hasTimeFor: (seconds) => budget.until(deadlineShare) >= seconds,
    signal,
    onRound: (round) => state.say("Race", `Round ${round + 1} is done`),
  });
  state.candidates = state.candidates.map((candidate) => entered(candidate, results.get(candidate.name)));
}

async function startRacer(
  state: TuningState,
  { name, point }: Predicted<SearchPoint> & { readonly name: string },
  guess: number,
  directory: string,
): Promise<Racer> {
  const variant = state.eligible.find((one) => one.variant === point.variant) as LoadableVariant;
  const { layout, policy, table } = point;
  const plan = planFor(state, { revision: name, variant, layout, policy, table });
  const server = await SidecarProcess.start(plan, join(directory, `${name}.json`));
  return { name, plan, server, guess };
}

function entered(candidate: Candidate, rounds: Candidate["rounds"] | undefined): Candidate {
  if (rounds === undefined || rounds.length === 0) return candidate;
  const valid = rounds.filter((round) => !round.void).map((round) => round.capacityRequestsPerSecond);
  if (valid.length === 0) return { ...candidate, rounds };
  const only = mean(valid);
  const measured = meanInterval(valid) ?? { estimate: only, low: only, high: only };
  return { ...candidate, rounds, measured, role: candidate.role === "Incumbent" ? "Incumbent" : "Raced" };
}
