import { type Recording, type ReplayedPick, replayableRecordings, replayTuner } from "@sweetspot/bench";
import type { Progress } from "./proof.ts";

const wantedModels = 3;
const seedsPerModel = 20;

/** The searches of one recorded model, by seed. */
export interface SearchesOfModel {
  readonly recording: Recording;
  readonly picks: readonly ReplayedPick[];
}

/** Replays the tuner on every recorded model, 20 seeds each. Throws with fewer than three models. */
export async function replaySearches(progress: Progress): Promise<SearchesOfModel[]> {
  const recordings = await replayableRecordings();
  if (recordings.length < wantedModels) throw new Error("fewer than three models are recorded: see bench/README.md");
  const searches: SearchesOfModel[] = [];
  for (const recording of recordings) {
    const picks: ReplayedPick[] = [];
    for (let seed = 1; seed <= seedsPerModel; seed += 1) picks.push(await replayTuner(recording, seed));
    progress(`${recording.model.name}: ${picks.map(({ quality }) => quality.toFixed(2)).join(" ")}`);
    searches.push({ recording, picks });
  }
  return searches;
}
