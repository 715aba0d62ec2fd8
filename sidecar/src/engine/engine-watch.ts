import type { EngineProcess } from "./engine-process.ts";

export interface WatchSettings {
  /** Time between two looks, milliseconds. */
  readonly everyMilliseconds: number;
  /** An idle process that does not answer for so long is replaced, milliseconds. */
  readonly answerMilliseconds: number;
  /** A process that holds more than this is replaced; null: never. */
  readonly memoryBytes: number | null;
}

export const defaultWatch: WatchSettings = { everyMilliseconds: 2000, answerMilliseconds: 10_000, memoryBytes: null };

/**
 * Looks after one engine process until it ends. An idle one must answer a ping; a busy one is watched by the limit of
 * its batch. Memory is looked up in the kernel, so that a busy process is seen too: the leak costs it the batch that it
 * has, which is run again in halves.
 */
export function watchEngine(process: EngineProcess, settings: WatchSettings): void {
  const { everyMilliseconds, answerMilliseconds, memoryBytes } = settings;
  let asking = false;
  const look = (): void => {
    const { residentBytes } = process.facts();
    if (memoryBytes !== null && residentBytes !== null && residentBytes > memoryBytes) {
      process.kill("Crashed", `the engine process held ${inMebibytes(residentBytes, memoryBytes)}`);
    }
    if (asking || process.inFlight > 0 || !process.usable) return;
    asking = true;
    // The process kills itself off where the answer is late: see `EngineProcess`.
    void process
      .ping(answerMilliseconds)
      .catch(() => undefined)
      .finally(() => {
        asking = false;
      });
  };
  const timer = setInterval(look, everyMilliseconds);
  timer.unref();
  void process.ended.then(() => clearInterval(timer));
}

/** How much was held, and how much may be. */
export function inMebibytes(held: number, allowed: number): string {
  const mebibytes = (bytes: number) => Math.round(bytes / 2 ** 20);
  return `${mebibytes(held)} MiB, and the plan allows ${mebibytes(allowed)} MiB`;
}
