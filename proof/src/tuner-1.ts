import { mean, median } from "@sweetspot/planner";
import type { Progress, ProofOutcome } from "./proof.ts";
import { replaySearches } from "./replayed-searches.ts";

const poor = 0.9;

/**
 * The tuner's own search, race and decision, replayed on the recorded truth of three models: what it picks, measured
 * again by passes that it did not see, over the best point of the whole grid.
 */
export async function proveSearchQuality(progress: Progress): Promise<ProofOutcome> {
  const searches = await replaySearches(progress);
  const picks = searches.flatMap((each) => each.picks);
  const qualities = picks.map(({ quality }) => quality);
  const poorShare = (100 * qualities.filter((quality) => quality < poor).length) / qualities.length;
  return {
    measures: [
      { name: "capacity of the pick / best of the grid, median", figure: median(qualities), atLeast: 0.95 },
      { name: "share of the grid's time", figure: 100 * mean(picks.map(({ share }) => share)), atMost: 5, unit: "%" },
      { name: "picks below 0.90", figure: poorShare, atMost: 5, unit: "%" },
    ],
    raw: searches.map(({ recording, picks: own }) => ({ model: recording.model.name, picks: own })),
  };
}
