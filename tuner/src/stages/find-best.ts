import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Choice, decide } from "../decision/decide.ts";
import type { RunningLoad } from "../instruments.ts";
import { prepareMix } from "../load/request-mix.ts";
import type { TuningState } from "../tuning-state.ts";
import { bestReachableMilliseconds } from "./conclude.ts";
import { enterRace, startNaive } from "./enter-race.ts";
import type { Entrant } from "./entrant.ts";
import { measureTables } from "./measure-tables.ts";
import { candidatesOf, predictAgain, predictAll, predictIncumbent } from "./predict.ts";
import { runRace } from "./run-race.ts";

/** What is done with the winner of the race while its server is warm. */
type Confirm = (choice: Choice, entrant: Entrant, load: RunningLoad) => Promise<void>;

/** Tables, search and race of the variants that may win. Everything is measured through the state's instruments. */
export async function findBest(state: TuningState, confirm: Confirm): Promise<void> {
  await measureTables(state);
  // A target that no request alone can keep is an answer: load would only confirm it.
  if (isFeasible(state)) return raceThroughServers(state, confirm);
  state.candidates = candidatesOf(predictAll(state, predictIncumbent(state)));
}

/** The part that needs real servers: what they add, who wins, and whether the winner keeps the target. */
async function raceThroughServers(state: TuningState, confirm: Confirm): Promise<void> {
  await using resources = new AsyncDisposableStack();
  const directory = await mkdtemp(join(tmpdir(), "sweetspot-race-"));
  resources.defer(() => rm(directory, { recursive: true, force: true }));
  // The naive default races whatever the search finds, and its server can load while the search computes.
  const incumbent = predictIncumbent(state);
  const naive = startNaive({ state, directory, resources }, incumbent);
  const search = predictAll(state, incumbent);
  state.candidates = candidatesOf(search);
  const load = await state.instruments.startLoad(mixOf(state));
  resources.defer(() => load.close());
  const entrants = await enterRace({ state, load, directory, resources }, search, naive);
  state.candidates = candidatesOf(predictAgain(state, search));
  await runRace(state, entrants, load);
  const choice = decide(state.candidates, state.environment);
  const entrant = entrants.find(({ name }) => name === choice.winner.name);
  if (entrant !== undefined) await confirm(choice, entrant, load);
}

const isFeasible = (state: TuningState): boolean =>
  (bestReachableMilliseconds(state) ?? 0) <= state.request.target.latencyMilliseconds;

function mixOf({ model }: TuningState) {
  return prepareMix(
    model.samples.samples.map(({ inputs }) => inputs),
    "binary",
    model.outputs,
  );
}
