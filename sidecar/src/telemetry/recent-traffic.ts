import { type RecentTraffic as Report, type SizeSketch, sizeIndex } from "@sweetspot/crds";
import type { BatchReport } from "../server/batch-report.ts";
import { BlockRing } from "./block-ring.ts";
import type { StageTimes } from "./metrics.ts";

const sketchSizes = 32;
const [total, bad] = [0, 1];
const [answered, queue, engine, other, observed, expected] = [0, 1, 2, 3, 4, 5];

/** What happened of late, in blocks of time. One for the life of a server: it goes on from plan to plan. */
export class RecentTraffic {
  readonly #now: () => number;
  readonly #tenSeconds = new BlockRing(10, 360, 2);
  readonly #seconds = new BlockRing(1, 120, 2);
  readonly #stages = new BlockRing(10, 30, 6);
  /** So short that a new mix is soon all of it: what a cause is found by, and what a plan is looked for. */
  readonly #sizes = new BlockRing(5, 6, 2 * sketchSizes);

  /** `now`: seconds since the epoch. */
  constructor(now: () => number = () => Date.now() / 1000) {
    this.#now = now;
  }

  /** A request that counts has ended. */
  request(isBad: boolean): void {
    const now = this.#now();
    this.#tenSeconds.add(now, total, 1);
    this.#seconds.add(now, total, 1);
    if (!isBad) return;
    this.#tenSeconds.add(now, bad, 1);
    this.#seconds.add(now, bad, 1);
  }

  answered(times: StageTimes): void {
    const now = this.#now();
    this.#stages.add(now, answered, 1);
    this.#stages.add(now, queue, times.queue);
    this.#stages.add(now, engine, times.engine);
    this.#stages.add(now, other, (times.preprocess ?? 0) + times.reply + (times.postprocess ?? 0));
  }

  batch({ engineMicroseconds, expectedMicroseconds }: BatchReport): void {
    if (expectedMicroseconds === null) return;
    const now = this.#now();
    this.#stages.add(now, observed, engineMicroseconds);
    this.#stages.add(now, expected, expectedMicroseconds);
  }

  size(rows: number, length: number): void {
    const now = this.#now();
    this.#sizes.add(now, sizeIndex(length), 1);
    this.#sizes.add(now, sketchSizes + sizeIndex(rows), 1);
  }

  report(): Report {
    const now = this.#now();
    const stages = this.#stages.read(now);
    const sum = (column: number): number[] => (stages.columns[column] as number[]).map(Math.round);
    const sizes = this.#sizes.read(now).columns.map((blocks) => blocks.reduce((all, count) => all + count, 0));
    return {
      tenSeconds: counts(this.#tenSeconds, now),
      seconds: counts(this.#seconds, now),
      stages: {
        end: stages.end,
        answered: sum(answered),
        queue: sum(queue),
        engine: sum(engine),
        other: sum(other),
        observed: sum(observed),
        expected: sum(expected),
      },
      lengths: withoutTail(sizes.slice(0, sketchSizes)),
      rows: withoutTail(sizes.slice(sketchSizes)),
    };
  }
}

function counts(ring: BlockRing, now: number): Report["seconds"] {
  const { end, columns } = ring.read(now);
  return { end, total: columns[total] as number[], bad: columns[bad] as number[] };
}

const withoutTail = (sketch: SizeSketch): SizeSketch => sketch.slice(0, sketch.findLastIndex((count) => count > 0) + 1);
