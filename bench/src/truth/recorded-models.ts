import { type TruthModelName, truthModelNames } from "./models.ts";
import { completePasses } from "./recorded-truth.ts";
import { type Recording, readRecording } from "./recording.ts";

/** The recordings of which a pass can be held out. */
export async function replayableRecordings(names: readonly TruthModelName[] = truthModelNames): Promise<Recording[]> {
  const recordings = await Promise.all(names.map(readRecording));
  return recordings.filter((one) => one !== null).filter((one) => completePasses(one).length >= 2);
}
