import { hillClimb, type RivalSearch, randomSearch, replayRival, TpeSearch } from "@sweetspot/bench";
import { mean } from "@sweetspot/planner";
import type { Progress, ProofOutcome } from "./proof.ts";
import { replaySearches, type SearchesOfModel } from "./replayed-searches.ts";

/** The tuner beside other searches, each of which measures points of the same recorded grid for just as long. */
export async function proveSearchAhead(progress: Progress): Promise<ProofOutcome> {
  using tpe = await TpeSearch.start();
  const searches = await replaySearches(progress);
  const rivals: Readonly<Record<string, RivalSearch>> = {
    "random search": randomSearch,
    "Optuna's TPE": tpe.search,
    "hill climb": hillClimb,
  };
  const own = mean(searches.flatMap(({ picks }) => picks.map(({ quality }) => quality)));
  const measures: ProofOutcome["measures"][number][] = [];
  const raw: Record<string, unknown> = { own };
  for (const [name, search] of Object.entries(rivals)) {
    const picks = await inTurn(searches, search);
    const theirs = mean(picks.flat().map(({ quality }) => quality));
    progress(`${name}: mean ${theirs.toFixed(3)}, ours ${own.toFixed(3)}`);
    measures.push({ name: `mean quality of the pick over that of ${name}`, figure: own / theirs, atLeast: 1.000_001 });
    raw[name] = searches.map(({ recording }, i) => ({ model: recording.model.name, picks: picks[i] }));
  }
  return { measures, raw };
}

/** One search after the other: one process proposes the points of them all. */
async function inTurn(searches: readonly SearchesOfModel[], search: RivalSearch) {
  const picks = [];
  for (const each of searches) picks.push(await rivalPicks(each, search));
  return picks;
}

/** The same seeds, and as many seconds as the tuner took in each. */
async function rivalPicks({ recording, picks }: SearchesOfModel, search: RivalSearch) {
  const found = [];
  for (const [i, { seconds }] of picks.entries()) found.push(await replayRival(recording, search, seconds, i + 1));
  return found;
}
