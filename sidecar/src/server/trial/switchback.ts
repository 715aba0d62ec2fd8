import { canonicalJson, digestOf, type ServingPlan, type TrialReport, type TrialState } from "@sweetspot/crds";
import { type FoundTrial, parseTrial, trialIdOf } from "../../plan/found-trial.ts";
import { openArtifact } from "../../plan/load-plan.ts";
import { PlanError } from "../../plan/plan-error.ts";
import type { DispatchObserver } from "../batch-report.ts";
import type { Clock } from "../clock.ts";
import type { Log } from "../log.ts";
import { retire } from "../retire.ts";
import { compileOrRefuse, type RunningModel, sameEngines } from "../running-model.ts";
import { loadCandidate } from "./candidate.ts";
import { RunningTrial } from "./running-trial.ts";

export interface SwitchbackOptions {
  readonly clock: Clock;
  readonly log: Log;
  /** The plan that serves; null before the first. */
  readonly incumbent: () => RunningModel | null;
  /** Starts engines for a plan. Rejects with `PlanError`. */
  readonly load: (plan: ServingPlan, observer: DispatchObserver) => Promise<RunningModel>;
  readonly observer: (revision: string) => DispatchObserver;
}

/** One trial that was found, from then on until another is. */
interface Attempt {
  id: string | null;
  digest: string | null;
  state: TrialState;
  message: string | null;
  incumbent: RunningModel | null;
  candidate: RunningModel | null;
  run: RunningTrial | null;
}

const drainMilliseconds = 60_000;

/**
 * The plan on trial beside the one that serves. It is loaded while requests go on; then both take turns by `switchbackBlock`
 * until the trial is taken back, its time is over, the plan changes, or the candidate's engines fail. In the end the plan
 * serves alone, and no request was lost on the way.
 */
export class Switchback {
  readonly #options: SwitchbackOptions;
  readonly #pending = new Set<Promise<void>>();
  #attempt: Attempt | null = null;
  #closed = false;

  constructor(options: SwitchbackOptions) {
    this.#options = options;
  }

  /** Whoever serves in this block; null where that is the plan. */
  get serving(): RunningModel | null {
    const { state, run } = this.#attempt ?? {};
    return state === "Running" && run?.arm === "Candidate" ? run.serving : null;
  }

  /** The plan that is tried; null where none runs. */
  get candidate(): RunningModel | null {
    const { state, candidate = null } = this.#attempt ?? {};
    return state === "Running" ? candidate : null;
  }

  /** Begins the trial that was found instead of the one before; null ends that. */
  follow(found: FoundTrial | null): void {
    const before = this.#attempt;
    if (before !== null) this.#end(before, "Done", "The trial was taken back.");
    if (before?.incumbent) before.incumbent.level.watcher = null;
    this.#attempt = null;
    if (found === null || this.#closed) return;
    const nothing = { digest: null, message: null, incumbent: null, candidate: null, run: null };
    const attempt: Attempt = { id: trialIdOf(found.text), state: "Loading", ...nothing };
    this.#attempt = attempt;
    this.#keep(this.#start(attempt, found).catch((error: unknown) => this.#refuse(attempt, error)));
  }

  /** The candidate with its engines, where `plan` is content with those; null where others are needed. */
  promoted(plan: ServingPlan): RunningModel | null {
    const { state, candidate } = this.#attempt ?? {};
    if (state !== "Running" || !candidate || !sameEngines(plan, candidate.plan)) return null;
    return { ...candidate, ...compileOrRefuse(plan, candidate.signature, { costs: candidate.costs }) };
  }

  /** Another plan is about to serve: nothing is left to be compared. */
  planChanges(next: RunningModel): void {
    const attempt = this.#attempt;
    if (attempt === null) return;
    if (
      attempt.digest !== null &&
      attempt.candidate &&
      canonicalJson(next.plan) === canonicalJson(attempt.candidate.plan)
    )
      this.#end(attempt, "Done", "The candidate has become the plan.", next);
    else this.#end(attempt, "Failed", "Another plan came before the trial was over.", next);
  }

  report(): TrialReport | null {
    if (this.#attempt === null) return null;
    const { id, digest, state, message, run } = this.#attempt;
    return {
      id,
      state,
      message,
      candidateDigest: digest,
      since: run?.since.toISOString() ?? null,
      arm: state === "Running" ? (run?.arm ?? null) : null,
      pairs: run?.pairs() ?? [],
    };
  }

  /** The plan serves alone from now on; resolves when the candidate's engines are gone. */
  async close(): Promise<void> {
    this.#closed = true;
    this.follow(null);
    await Promise.all(this.#pending);
  }

  async #start(attempt: Attempt, { text, folder, store }: FoundTrial): Promise<void> {
    const { clock, log } = this.#options;
    const trial = parseTrial(text);
    attempt.digest = digestOf(trial.plan);
    const plan = await openArtifact(trial.plan, folder, store);
    const incumbent = this.#options.incumbent();
    if (incumbent === null || attempt.state !== "Loading") return;
    attempt.incumbent = incumbent;
    if (canonicalJson(plan) === canonicalJson(incumbent.plan)) {
      this.#end(attempt, "Done", "The candidate is the plan that serves.");
      return;
    }
    const candidate = await loadCandidate(plan, incumbent, (own) =>
      this.#options.load(own, this.#observer(attempt, own.revision)),
    );
    attempt.candidate = candidate;
    // It was taken back, or the plan changed, while the engines started.
    if (attempt.state !== "Loading") this.#letGo(attempt, null);
    else {
      attempt.state = "Running";
      const onOver = () => this.#end(attempt, "Done", "The time of the trial is over.");
      attempt.run = new RunningTrial({ trial, incumbent, candidate, clock, onOver });
      log.info({ trial: attempt.id, revision: plan.revision }, "trial runs");
    }
  }

  #refuse(attempt: Attempt, error: unknown): void {
    this.#options.log.error({ err: error, cause: (error as Error).cause, trial: attempt.id }, "trial refused");
    const known = error instanceof PlanError;
    this.#end(attempt, "Failed", known ? error.message : "The candidate cannot be served; see the server's log.");
  }

  /** Has no effect on a trial that is over. `next`: what serves afterwards, where that is another plan. */
  #end(attempt: Attempt, state: "Failed" | "Done", message: string, next: RunningModel | null = null): void {
    if (attempt.state !== "Loading" && attempt.state !== "Running") return;
    attempt.state = state;
    attempt.message = message.slice(0, 1024);
    const stays = next !== null && next.pool === attempt.candidate?.pool && next.pool !== attempt.incumbent?.pool;
    attempt.run?.stop(stays ? "Candidate" : "Incumbent");
    this.#letGo(attempt, next);
    this.#options.log.info({ trial: attempt.id, state, message }, "trial is over");
  }

  /** Ends the engines that only the candidate has. */
  #letGo({ candidate, incumbent }: Attempt, next: RunningModel | null): void {
    if (candidate === null || candidate.pool === incumbent?.pool || candidate.pool === next?.pool) return;
    this.#keep(retire(candidate, drainMilliseconds));
  }

  /** What goes wrong in engines of its own is the candidate's fault, and its batches are tried again by the plan. */
  #observer(attempt: Attempt, revision: string): DispatchObserver {
    const observer = this.#options.observer(revision);
    const fail = (kind: string) =>
      this.#end(attempt, "Failed", `A batch failed in an engine of the candidate (${kind}); see the server's log.`);
    return {
      ...observer,
      batchFailed: (kind, message, requests) => {
        observer.batchFailed(kind, message, requests);
        this.#options.clock.soon(() => fail(kind));
      },
    };
  }

  #keep(work: Promise<void>): void {
    const kept = work.finally(() => this.#pending.delete(kept));
    this.#pending.add(kept);
  }
}
