import { isDeepStrictEqual } from "node:util";
import { emptyRecording } from "./grid.ts";
import type { TruthModelName } from "./models.ts";
import type { PreparedModel } from "./prepare.ts";
import { Recorder } from "./recorder.ts";
import { type Recording, readRecording, writeRecording } from "./recording.ts";

/**
 * Goes on with the recording of a model while there is time, and writes it after each visit of a point. A recording of
 * another machine is begun anew.
 */
export async function recordModel(
  name: TruthModelName,
  prepared: PreparedModel,
  hasTime: () => boolean,
): Promise<void> {
  const known = await readRecording(name);
  const recording = isOf(known, prepared) ? known : emptyRecording(name, prepared);
  await using recorder = await Recorder.start(prepared, recording);
  const pass = Math.floor(recording.runs.length / recording.points.length);
  for (const point of recording.points.keys()) {
    if (!hasTime()) return;
    if (recording.runs.some((run) => run.pass === pass && run.point === point)) continue;
    const run = await recorder.visit(pass, point);
    recording.runs.push(run);
    await writeRecording(name, { ...recording, recordedAt: new Date().toISOString() });
    const speed = `saturated at ${run.saturation[1].toFixed(0)}/s, capacity ${run.capacity.toFixed(0)}/s`;
    console.error(`  pass ${pass + 1}, ${recording.points[point]?.name}: ${speed}, ${run.seconds.toFixed(1)} s`);
  }
}

const isOf = (recording: Recording | null, { machine }: PreparedModel): recording is Recording =>
  recording !== null && isDeepStrictEqual(recording.machine, machine);
