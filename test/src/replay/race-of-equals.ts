import type { Candidate } from "@sweetspot/crds";
import { meanInterval, pairedRatio, type RequestShape, type SimulatedServer } from "@sweetspot/planner";
import { decide, race } from "@sweetspot/tuner";
import { ReplayedLoad, sharedMachine } from "./replayed-load.ts";

/** A race whose candidates are all the same server. */
export interface RaceOfEquals {
  readonly server: SimulatedServer;
  readonly shapes: readonly RequestShape[];
  readonly target: Parameters<typeof race>[2]["target"];
  /** Where the first round looks for the capacity, requests per second. */
  readonly guess: number;
  readonly rounds: number;
  readonly seed: number;
}

/** What the rounds themselves show of the noise must do: an A/A test that found some would only make it easier. */
const perfectlySteady = { noiseFactor: 1 };
const names = ["naive-default", "first", "second"] as const;

/**
 * Replays the tuner's own race and decision with three identical candidates on an unsteady machine. `pairDiffers`: the
 * interval of the first one's ratio to the default excludes 1. `otherWins`: one of the two was chosen over the default.
 */
export async function replayRaceOfEquals({ server, shapes, target, guess, rounds, seed }: RaceOfEquals) {
  const url = (name: string) => `http://${name}/`;
  const load = new ReplayedLoad(new Map(names.map((name) => [url(name), server])), shapes, sharedMachine, seed);
  const racers = names.map((name) => ({ name, server: { inferUrl: url(name) }, guess }));
  const histories = await race(racers, load, {
    target,
    stageSeconds: (8 * target.latencyMilliseconds) / 1000,
    mostStageSeconds: 1.5,
    minimumRounds: rounds,
    maximumRounds: rounds,
    seed,
    generatorHasCpu: true,
    hasTimeFor: () => true,
    isOverdue: () => false,
    signal: new AbortController().signal,
    onRound: () => undefined,
  });
  const candidates = names.map((name) => candidateOf(name, server, histories.get(name) ?? []));
  const [incumbent, first] = candidates as [Candidate, Candidate, Candidate];
  const capacities = (candidate: Candidate) => candidate.rounds.map((round) => round.capacityRequestsPerSecond);
  const ratio = pairedRatio(capacities(first).map((own, i) => [own, capacities(incumbent)[i] as number] as const));
  return {
    pairDiffers: ratio !== null && (ratio.low > 1 || ratio.high < 1),
    otherWins: decide(candidates, perfectlySteady).winner !== incumbent,
    capacities: candidates.map(capacities),
  };
}

function candidateOf(name: string, server: SimulatedServer, rounds: Candidate["rounds"]): Candidate {
  return {
    name,
    summary: name,
    variant: "Source",
    layout: {
      instances: server.instances,
      threadsPerInstance: server.threadsPerInstance,
      pinned: false,
      spinning: false,
    },
    batching: server.policy,
    prediction: null,
    role: name === names[0] ? "Incumbent" : "Raced",
    rounds,
    measured: meanInterval(rounds.map((round) => round.capacityRequestsPerSecond)),
    lost: null,
  };
}
