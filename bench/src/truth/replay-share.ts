import { seededRandom } from "@sweetspot/planner";
import { completePasses, gridSeconds, RecordedTruth } from "./recorded-truth.ts";
import type { Recording } from "./recording.ts";
import { replayTuning } from "./replay-tuning.ts";
import { ReplayedMachine } from "./replayed-machine.ts";
import type { RivalSearch } from "./rival-searches.ts";

/** The tuner is told to take so much of the time that the grid took; what it must finish goes beyond. */
const budgetShare = 0.03;

/** One replayed search, valued by passes that it did not see. */
export interface ReplayedPick {
  /** Name of the point that was chosen. */
  readonly pick: string;
  /** Its capacity over that of the best point of the grid. */
  readonly quality: number;
  /** Its capacity under the target by all passes together, requests per second. */
  readonly truth: number;
  /** Virtual time that the search took, and the same over the time of the whole grid. */
  readonly seconds: number;
  readonly share: number;
}

/** The passes of a recording, a half for the search and a half to measure its choice again. */
interface Halves {
  readonly search: RecordedTruth;
  readonly heldOut: RecordedTruth;
}

/** Throws with fewer than two complete passes: nothing could be held out. */
function halvesOf(recording: Recording, seed: number): Halves {
  const random = seededRandom(seed);
  const passes = completePasses(recording)
    .map((pass) => ({ pass, at: random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ pass }) => pass);
  if (passes.length < 2) throw new Error(`${recording.model.name} has fewer than two complete passes`);
  const half = Math.floor(passes.length / 2);
  return {
    search: new RecordedTruth(recording, passes.slice(0, half)),
    heldOut: new RecordedTruth(recording, passes.slice(half)),
  };
}

/** The tuner's own search, race and decision. */
export async function replayTuner(recording: Recording, seed: number): Promise<ReplayedPick> {
  const halves = halvesOf(recording, seed);
  const { pick, seconds } = await replayTuning(halves.search, budgetShare * gridSeconds(recording), seed);
  return valued(recording, halves, pick, seconds);
}

/** Another search in so many seconds. */
export async function replayRival(
  recording: Recording,
  search: RivalSearch,
  seconds: number,
  seed: number,
): Promise<ReplayedPick> {
  const halves = halvesOf(recording, seed);
  const machine = new ReplayedMachine(halves.search, seed);
  const pick = await search(recording, machine, seconds, seededRandom(seed));
  return valued(recording, halves, pick, machine.elapsedSeconds);
}

/** The best point is the one that all passes together say, so it is no luck of the half that was held out. */
function valued(recording: Recording, { heldOut }: Halves, pick: number, seconds: number): ReplayedPick {
  const whole = new RecordedTruth(recording);
  const best = whole.best();
  return {
    pick: recording.points[pick]?.name ?? "",
    truth: whole.capacityOf(pick),
    quality: heldOut.capacityOf(pick) / heldOut.capacityOf(best),
    seconds,
    share: seconds / gridSeconds(recording),
  };
}
