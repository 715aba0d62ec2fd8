import { setTimeout as sleep } from "node:timers/promises";
import type { TargetDiagnosis } from "@sweetspot/crds";
import type { ServedTarget } from "./served-target.ts";

/** One cause with its response, as status first showed it. */
export interface SeenCause {
  /** Seconds since the watch began. */
  readonly seconds: number;
  readonly diagnosis: TargetDiagnosis;
}

const everyMilliseconds = 1000;

/**
 * All that the diagnosis in status said while it was watched, each cause and response once, until `done` says so. Causes that held
 * before `from` (milliseconds since the epoch) do not count.
 */
export async function watchCauses(
  served: ServedTarget,
  seconds: number,
  done: (seen: readonly SeenCause[]) => boolean | Promise<boolean> = () => false,
  from = 0,
): Promise<SeenCause[]> {
  const seen: SeenCause[] = [];
  const began = Date.now();
  while (Date.now() < began + 1000 * seconds) {
    const { diagnosis } = await served.status();
    const last = seen.at(-1)?.diagnosis;
    const isNew =
      diagnosis !== undefined &&
      Date.parse(diagnosis.since) >= from &&
      (last?.cause !== diagnosis.cause || last.response !== diagnosis.response || last.action !== diagnosis.action);
    if (isNew) {
      seen.push({ seconds: (Date.now() - began) / 1000, diagnosis });
      served.say(`after ${((Date.now() - began) / 1000).toFixed(0)} s ${diagnosis.response}: ${diagnosis.message}`);
    }
    if (await done(seen)) break;
    await sleep(everyMilliseconds);
  }
  return seen;
}

export const causesOf = (seen: readonly SeenCause[]): string[] => [
  ...new Set(seen.map(({ diagnosis }) => diagnosis.cause)),
];
