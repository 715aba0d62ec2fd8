import type { Candidate } from "@sweetspot/crds";
import { mean, meanInterval } from "@sweetspot/planner";
import type { RunningLoad } from "../instruments.ts";
import { race } from "../race/race.ts";
import type { TuningState } from "../tuning-state.ts";
import type { Entrant } from "./entrant.ts";

/** The race ends when this share of the budget is gone; the rest is for the confirming run. */
export const raceEnds = 0.92;
/** Not even a second round begins later than this. */
const overdueShare = 1;
/** Two rounds tell a large gain, see `usualSpread`; the stages are so short that a third has time, too. */
const rounds = { minimum: 2, planned: 3, maximum: 12 };
/**
 * A rung lasts for so many times the target: a rate a tenth above capacity takes ten times the target until its queue
 * alone is that long, so a shorter rung would flatter the server.
 */
const stageTargets = { short: 8, long: 30 };
const shortestStageSeconds = 0.5;
/** A climb usually finds the edge after so many rungs, and many of them end early. */
const usualRungs = 3;
const meanRungs = 2.2;
/** When the budget is spent before the race begins, rungs still last so long: less would measure nothing. */
const leastStageSeconds = 1.5;
const longBudgetSeconds = 300;
/** A candidate of which the simulator expects next to nothing still starts within reach of the others. */
const leastGuess = 0.25;
const leastRate = 1;

/** Races the entrants and enters what was measured into the candidates of the state. */
export async function runRace(state: TuningState, entrants: readonly Entrant[], load: RunningLoad): Promise<void> {
  const { budget, request, signal } = state;
  if (state.cpus === 1) {
    const message = "Server and load generator shared the one CPU: clients elsewhere will see more capacity than this.";
    state.findings.push({ topic: "Environment", outcome: "Warning", message });
  }
  state.say("Race", `Racing ${entrants.map(({ name }) => name).join(", ")}`);
  const guesses = entrants.map(({ name }) => predictedCapacity(state, name));
  const floor = Math.max(leastRate, leastGuess * Math.max(...guesses));
  const racers = entrants.map(({ name, server }, i) => ({
    name,
    server,
    guess: Math.max(floor, guesses[i] as number),
  }));
  const results = await race(racers, load, {
    target: request.target,
    stageSeconds: stageSecondsFor(request),
    mostStageSeconds: Math.max(
      leastStageSeconds,
      budget.until(raceEnds) / (racers.length * usualRungs * rounds.planned),
    ),
    minimumRounds: rounds.minimum,
    maximumRounds: rounds.maximum,
    seed: request.seed,
    generatorHasCpu: state.cpus > 1,
    hasTimeFor: (seconds) => budget.until(raceEnds) >= seconds,
    isOverdue: () => budget.elapsed() > overdueShare * budget.seconds,
    now: state.instruments.now,
    signal,
    onRound: (round) => state.say("Race", `Round ${round + 1} is done`),
  });
  state.candidates = state.candidates.map((candidate) => entered(candidate, results.get(candidate.name)));
}

function stageSecondsFor({ budgetSeconds, target }: TuningState["request"]): number {
  const targets = budgetSeconds < longBudgetSeconds ? stageTargets.short : stageTargets.long;
  return Math.max(shortestStageSeconds, (targets * target.latencyMilliseconds) / 1000);
}

/** What the rounds that are owed take of one candidate with the shortest rungs, if they go as usual. */
export const leastClimbSeconds = (request: TuningState["request"]): number =>
  rounds.minimum * meanRungs * Math.min(leastStageSeconds, stageSecondsFor(request));

const predictedCapacity = ({ candidates }: TuningState, name: string): number =>
  candidates.find((candidate) => candidate.name === name)?.prediction?.capacityRequestsPerSecond ?? 0;

function entered(candidate: Candidate, rounds: Candidate["rounds"] | undefined): Candidate {
  if (rounds === undefined || rounds.length === 0) return candidate;
  const valid = rounds.filter((round) => !round.void).map((round) => round.capacityRequestsPerSecond);
  if (valid.length === 0) return { ...candidate, rounds };
  const only = mean(valid);
  const { estimate, low, high } = meanInterval(valid) ?? { estimate: only, low: only, high: only };
  const measured = { estimate, low: Math.max(0, low), high };
  return { ...candidate, rounds, measured, role: candidate.role === "Incumbent" ? "Incumbent" : "Raced" };
}
