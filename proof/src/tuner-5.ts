import { replayableRecordings, replayTuner } from "@sweetspot/bench";
import { median } from "@sweetspot/planner";
import type { Progress, ProofOutcome } from "./proof.ts";

const runs = 10;
const wantedAlike = 9;
const closeEnough = 0.97;
const firstSeed = 101;

/**
 * Ten replayed tunings of each recorded model, each with other noise: how many choose the winner that most of them choose,
 * or one that is within 3 % of it or above when both are measured again.
 */
export async function proveRepeatability(progress: Progress): Promise<ProofOutcome> {
  const recordings = await replayableRecordings();
  const raw: unknown[] = [];
  const measures: ProofOutcome["measures"][number][] = [];
  for (const recording of recordings) {
    const picks = [];
    for (let run = 0; run < runs; run += 1) picks.push(await replayTuner(recording, firstSeed + run));
    const usual = median(picks.map(({ truth }) => truth));
    const alike = picks.filter(({ truth }) => truth >= closeEnough * usual && truth <= usual / closeEnough).length;
    progress(`${recording.model.name}: ${picks.map(({ pick }) => pick).join(", ")}`);
    measures.push({ name: `${recording.model.name}: alike of ${runs}`, figure: alike, atLeast: wantedAlike });
    raw.push({ model: recording.model.name, picks });
  }
  return { measures, raw };
}
