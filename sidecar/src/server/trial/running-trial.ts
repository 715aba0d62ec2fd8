import type { PlanTrial, TrialPair } from "@sweetspot/crds";
import { switchbackBlock } from "@sweetspot/planner";
import type { Clock } from "../clock.ts";
import type { RunningModel } from "../running-model.ts";
import { serveInstead } from "./candidate.ts";
import { TrialScores } from "./trial-scores.ts";

export interface RunningTrialOptions {
  readonly trial: PlanTrial;
  readonly incumbent: RunningModel;
  readonly candidate: RunningModel;
  readonly clock: Clock;
  /** The time is over. Whoever is told calls `stop`. */
  readonly onOver: () => void;
}

const microseconds = 1e6;

/** Lets two loaded plans take turns, block by block, and keeps their scores. It begins when it is made. */
export class RunningTrial {
  readonly since = new Date();
  readonly #options: RunningTrialOptions;
  readonly #start: number;
  readonly #scores: TrialScores;
  #serving: RunningModel;
  #callOffTurn: () => void = () => undefined;

  constructor(options: RunningTrialOptions) {
    const { trial, incumbent, clock } = options;
    this.#options = options;
    this.#serving = incumbent;
    this.#start = clock.now();
    this.#scores = new TrialScores(trial, incumbent.plan.serviceLevel.latencyMilliseconds, this.#start);
    incumbent.level.watcher = this.#scores;
    this.#turn();
  }

  get serving(): RunningModel {
    return this.#serving;
  }

  get arm(): "Incumbent" | "Candidate" {
    return this.#serving === this.#options.candidate ? "Candidate" : "Incumbent";
  }

  pairs(): TrialPair[] {
    return this.#scores.pairs(this.#options.clock.now());
  }

  /** No more turns; what has arrived still counts. The incumbent serves on, unless the candidate stays for good. */
  stop(stays: "Incumbent" | "Candidate" = "Incumbent"): void {
    this.#callOffTurn();
    this.#scores.endAt(this.#options.clock.now());
    if (stays === "Incumbent") this.#serve(this.#options.incumbent);
  }

  #turn(): void {
    const { trial, clock, onOver, incumbent, candidate } = this.#options;
    const elapsed = (clock.now() - this.#start) / microseconds;
    if (elapsed >= trial.mostSeconds) {
      onOver();
      return;
    }
    const block = switchbackBlock(trial, elapsed);
    this.#serve(block.arm === "Candidate" ? candidate : incumbent);
    // Closes the pairs that are over, so that their records do not pile up where nobody asks.
    this.pairs();
    const next = this.#start + Math.min(block.until, trial.mostSeconds) * microseconds;
    this.#callOffTurn = clock.at(next, () => this.#turn());
  }

  #serve(model: RunningModel): void {
    if (model === this.#serving) return;
    serveInstead(model, this.#serving);
    this.#serving = model;
  }
}
