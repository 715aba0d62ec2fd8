import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type EngineUse,
  type LoadingProcess,
  leastShare,
  noDebt,
  type PaceDecision,
  paceLoading,
} from "./load-pace.ts";

const engine = (busy: boolean, cpus: number[] | null = null): EngineUse => ({ busy, cpus });
const loading = (cpus: number[] | null = null, working = true): LoadingProcess => ({ cpus, working });
const runs = (processes: LoadingProcess[], ...pools: EngineUse[][]) =>
  paceLoading(processes, pools, noDebt(0), false, 0).run;

describe("processes that load beside engines that serve", () => {
  it("run one for each idle engine, and wait where all are busy", () => {
    const two = [loading(), loading()];
    expect(runs(two, [engine(false), engine(false)])).toEqual([true, true]);
    expect(runs(two, [engine(true), engine(false)])).toEqual([true, false]);
    expect(runs(two, [engine(true), engine(true)])).toEqual([false, false]);
  });

  it("run only where the idle engine leaves a CPU to them", () => {
    const bound = [loading([0]), loading([1])];
    expect(runs(bound, [engine(true, [0]), engine(false, [1])])).toEqual([false, true]);
    expect(runs(bound, [engine(true), engine(false)])).toEqual([true, false]);
    expect(runs([loading()], [engine(true, [0]), engine(false, [1])])).toEqual([true]);
  });

  it("yield to the busiest of several plans, since these share the CPUs", () => {
    expect(runs([loading()], [engine(false)], [engine(true)])).toEqual([false]);
  });

  it("leave their turn to the next where they have nothing to do", () => {
    expect(runs([loading(null, false), loading(), loading()], [engine(true), engine(false)])).toEqual([
      true,
      true,
      false,
    ]);
  });

  it("get their least share however busy the engines are", () => {
    const busyFor = fc.array(fc.tuple(fc.integer({ min: 1, max: 50_000 }), fc.boolean()), { minLength: 200 });
    fc.assert(
      fc.property(busyFor, (stretches) => {
        const { ran, elapsed } = simulate(stretches);
        expect(ran).toBeGreaterThan(leastShare * elapsed - 20_000);
      }),
    );
    const saturated = simulate(Array.from({ length: 1000 }, () => [10_000, true]));
    expect(saturated.ran / saturated.elapsed).toBeCloseTo(leastShare, 2);
  });
});

/** One process beside one engine that is busy or idle for so many microseconds, in turn. */
function simulate(stretches: readonly (readonly [number, boolean])[]): { ran: number; elapsed: number } {
  let now = 0;
  let ran = 0;
  let last: PaceDecision = { run: [false], debt: noDebt(0), wakeAt: 0 };
  const decideAt = (instant: number, busy: boolean) => {
    if (last.run[0]) ran += instant - now;
    now = instant;
    last = paceLoading([loading()], [[engine(busy)]], last.debt, last.run[0] === true, now);
  };
  for (const [microseconds, busy] of stretches) {
    const end = now + microseconds;
    decideAt(now, busy);
    while (last.wakeAt < end) decideAt(last.wakeAt, busy);
    decideAt(end, busy);
  }
  return { ran, elapsed: now };
}
