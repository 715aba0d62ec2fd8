import type { LoadStage } from "@sweetspot/crds";
import type { ClosedStage } from "./load-job.ts";
import type { StageRecorder } from "./stage-recorder.ts";
import type { Traffic } from "./traffic.ts";

const sweepInterval = 20;

/** After a request without an answer a client waits so long, lest refusals turn into a busy loop, in milliseconds. */
const pauseAfterFailure = 5;

/**
 * Runs `connections` clients, each of which sends its next request when the last one was answered. For saturation:
 * its latencies say nothing about open traffic, since a slow server slows its clients down.
 */
export async function runClosedLoop(
  stage: ClosedStage,
  traffic: Traffic,
  recorder: StageRecorder,
  stop: AbortSignal,
): Promise<LoadStage> {
  const end = 1000 * stage.seconds;
  const ended = () => stop.aborted || traffic.now() >= end;
  const sweep = setInterval(() => {
    traffic.giveUpOld();
    if (stop.aborted) traffic.leave();
  }, sweepInterval);
  let seconds = stage.seconds;
  try {
    await Promise.all(Array.from({ length: stage.connections }, () => runClient(traffic, ended)));
    if (stop.aborted) seconds = Math.min(seconds, Math.max(0.001, traffic.now() / 1000));
  } finally {
    clearInterval(sweep);
  }
  return recorder.result(seconds);
}

async function runClient(traffic: Traffic, ended: () => boolean): Promise<void> {
  while (!ended()) {
    const answered = await new Promise<boolean>((resolve) => {
      traffic.send(traffic.now(), (outcome) => resolve(typeof outcome === "number" && outcome < 300));
    });
    if (!answered) await new Promise((resolve) => setTimeout(resolve, pauseAfterFailure));
  }
}
