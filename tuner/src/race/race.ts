import type { LoadReport, RaceRound, ServiceLevelTarget } from "@sweetspot/crds";
import { median } from "@sweetspot/planner";
import type { LoadClient } from "../load/run-load.ts";
import { edgeOf, nextRung } from "./ladder.ts";
import type { SidecarProcess } from "./sidecar-process.ts";

/** A candidate with its running server. */
export interface Racer {
  readonly name: string;
  readonly server: Pick<SidecarProcess, "inferUrl">;
  /** Where the first round looks for its capacity, requests per second. */
  readonly guess: number;
}

export interface RaceOptions {
  readonly target: ServiceLevelTarget;
  /** Each rung lasts about so long. */
  readonly stageSeconds: number;
  /** No rung lasts longer, however few requests that gives: all rounds that are owed must fit into the budget. */
  readonly mostStageSeconds: number;
  /** Undisturbed rounds to run whatever the time. */
  readonly minimumRounds: number;
  readonly maximumRounds: number;
  readonly seed: number;
  /**
   * The load generator has a CPU to send from. Where it shares the only one, it is late because the server works, which
   * counts for every candidate alike.
   */
  readonly generatorHasCpu: boolean;
  /** Asked before each round beyond the minimum, with what the last one took. */
  readonly hasTimeFor: (seconds: number) => boolean;
  /** Even owed rounds are not run beyond this: a machine so slow or so busy gives no better answer with more of them. */
  readonly isOverdue: () => boolean;
  /** A monotonic clock in milliseconds; the machine's own when absent. */
  readonly now?: () => number;
  readonly signal: AbortSignal;
  readonly onRound: (round: number) => void;
}

/** A slow server gets longer rungs until they hold so many requests, but not for ever. */
const wantedStageRequests = 60;
const longestStage = 3;
/** A rung is given up once it has twice the misses that it may have: it has failed. */
const earlyStop = { minimumRequests: 40, factor: 2 };
/** Void rounds are run again, but not for ever. */
const mostRepeats = 2;
/** A generator that sends this late measured itself. */
const maximumSendDelayShare = 0.2;

/**
 * Races candidates against each other: in every round each one climbs Poisson rates to the edge of the
 * target, one after the other in changing order, so that what disturbs the machine disturbs all. Returns the rounds by
 * name; latency counts from the intended start, and the load comes from a process of its own.
 */
export async function race(
  racers: readonly Racer[],
  load: Pick<LoadClient, "run">,
  options: RaceOptions,
): Promise<Map<string, RaceRound[]>> {
  const rounds = new Map<string, RaceRound[]>(racers.map(({ name }) => [name, []]));
  const now = options.now ?? (() => performance.now());
  let lastSeconds = 0;
  let valid = 0;
  for (let round = 0; round < options.maximumRounds; round += 1) {
    const owed = valid < options.minimumRounds && round < options.minimumRounds + mostRepeats && !options.isOverdue();
    if (!owed && !options.hasTimeFor(lastSeconds)) break;
    const started = now();
    for (const racer of rotated(racers, round)) {
      if (options.signal.aborted) return completeRounds(rounds);
      const history = rounds.get(racer.name) as RaceRound[];
      history.push({ round, ...(await climb(racer, history, round, load, options)) });
    }
    lastSeconds = (now() - started) / 1000;
    if ([...rounds.values()].every((list) => list.at(-1)?.void === false)) valid += 1;
    options.onRound(round);
  }
  return completeRounds(rounds);
}

const rotated = <T>(items: readonly T[], by: number): T[] => items.map((_, i) => items[(i + by) % items.length] as T);

/** Only rounds that every candidate ran can be paired. */
function completeRounds(rounds: Map<string, RaceRound[]>): Map<string, RaceRound[]> {
  const shortest = Math.min(...[...rounds.values()].map((list) => list.length));
  return new Map([...rounds].map(([name, list]) => [name, list.slice(0, shortest)]));
}

async function climb(
  racer: Racer,
  history: readonly RaceRound[],
  round: number,
  load: Pick<LoadClient, "run">,
  options: RaceOptions,
): Promise<Omit<RaceRound, "round">> {
  const guess = nextGuess(racer.guess, history);
  const stages: LoadReport["stages"] = [];
  for (;;) {
    const requestsPerSecond = options.signal.aborted ? null : nextRung(stages, guess, options.target);
    if (requestsPerSecond === null) break;
    const wanted = Math.max(options.stageSeconds, wantedStageRequests / requestsPerSecond);
    const seconds = Math.min(wanted, longestStage * options.stageSeconds, options.mostStageSeconds);
    const report = await load.run({
      url: racer.server.inferUrl,
      target: options.target,
      // One seed a round: every candidate of the round gets the same arrivals and requests.
      seed: options.seed + round,
      stages: [{ requestsPerSecond, seconds }],
      earlyStop,
    });
    stages.push(...report.stages);
  }
  const slow = stages.some(
    (stage) => stage.sendDelayMilliseconds > maximumSendDelayShare * options.target.latencyMilliseconds,
  );
  return { capacityRequestsPerSecond: edgeOf(stages, options.target), void: slow && options.generatorHasCpu };
}

/** The first round trusts the simulator, later ones what was measured. */
function nextGuess(predicted: number, history: readonly RaceRound[]): number {
  const measured = history.map((round) => round.capacityRequestsPerSecond).filter((capacity) => capacity > 0);
  return measured.length === 0 ? predicted : median(measured);
}
