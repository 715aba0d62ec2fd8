import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decideReplicas, noScalingMemory, type ScalingDecision, type ScalingSituation } from "./autoscaling.ts";
import { meanCapacity } from "./replica-distribution.ts";

/** One replica carries 100/s, so that at ease it gets 70/s. */
const usual: ScalingSituation = {
  ...{ minimum: 1, maximum: 10, promised: 0, stableSeconds: 300, current: 1 },
  ...{ capacity: () => 100, offered: 50, complete: true, now: 0 },
};
const everySeconds = 5;

/** Looks every five seconds, and gives what each decided. */
class Looks {
  readonly decisions: ScalingDecision[] = [];
  #now = 0;
  #last: ScalingDecision | undefined;

  readonly #start: number;

  constructor(start = 1) {
    this.#start = start;
  }

  pass(seconds: number, changes: Partial<ScalingSituation> | ((second: number) => Partial<ScalingSituation>)): this {
    const until = this.#now + seconds;
    for (; this.#now < until; this.#now += everySeconds) {
      const current = this.#last?.replicas ?? this.#start;
      const now = 1000 * this.#now;
      const given = typeof changes === "function" ? changes(this.#now) : changes;
      this.#last = decideReplicas({ ...usual, current, now, ...given }, this.#last?.memory ?? noScalingMemory);
      this.decisions.push(this.#last);
    }
    return this;
  }

  pause(seconds: number): this {
    this.#now += seconds;
    return this;
  }

  get last(): ScalingDecision {
    return this.#last as ScalingDecision;
  }

  get changes(): number[] {
    return this.decisions
      .map(({ replicas }) => replicas)
      .filter((replicas, index, all) => index > 0 && replicas !== all[index - 1]);
  }
}

describe("replicas by the load", () => {
  it("become more at once, so many that each runs at 70 % of what it carries, and say why", () => {
    const looks = new Looks().pass(5, {}).pass(5, { offered: 360 });
    expect(looks.last).toMatchObject({ replicas: 6, reason: "FollowsLoad" });
    expect(looks.last.message).toBe(
      "360 requests/s come, and one replica carries 100 within the target: 6 replicas carry them at 70 % of that or less.",
    );
  });

  it("become fewer when fewer were enough in all of the stable window, and no sooner", () => {
    const looks = new Looks().pass(60, { offered: 360 }).pass(295, { offered: 50 });
    expect(looks.last.replicas).toBe(6);
    expect(looks.pass(10, { offered: 50 }).last.replicas).toBe(1);
  });

  it("wait anew for each burst, and for what a lost memory knew", () => {
    const bursts = new Looks(6).pass(3600, (second) => ({ offered: second % 240 === 0 ? 360 : 50 }));
    expect(bursts.changes).toEqual([]);
    const restarted = new Looks(6).pass(290, { offered: 50 });
    expect(restarted.changes).toEqual([]);
  });

  it("wait anew after a break in which nobody looked", () => {
    const paused = new Looks(6).pass(280, { offered: 50 }).pause(600).pass(295, { offered: 50 });
    expect(paused.changes).toEqual([]);
    expect(paused.pass(10, { offered: 50 }).changes).toEqual([1]);
  });

  it("do not change back and forth at a load at the edge", () => {
    const edge = new Looks(3).pass(7200, (second) => ({ offered: second % 1200 < 600 ? 205 : 215 }));
    expect(edge.changes).toEqual([4]);
  });

  it("are as many as carry the load together where the targets carry more and less, and rest there", () => {
    const capacity = (replicas: number) => meanCapacity(replicas, [400, 90]);
    // 70 % of 4 x 400 + 90 are 1183, of 3 x 400 + 90 only 903.
    const looks = new Looks(2).pass(5, { capacity, offered: 100 }).pass(1800, { capacity, offered: 1000 });
    expect(looks.changes).toEqual([5]);
    expect(new Looks(2).pass(5, { capacity, offered: 10_000 }).last).toMatchObject({ reason: "AtMaximum" });
    const loads = fc.double({ min: 0, max: 3000, noNaN: true });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 10 }), loads, (start, offered) => {
        // More at once, fewer once after the stable window, and then no more.
        expect(new Looks(start).pass(1800, { capacity, offered }).changes.length).toBeLessThanOrEqual(1);
      }),
      { numRuns: 50 },
    );
  });

  it("are not taken for idle because a pod that went took its last minute along", () => {
    const looks = new Looks(4).pass(305, { offered: 170 });
    expect(looks.last.replicas).toBe(3);
    looks.pass(60, { offered: 127 }).pass(3600, { offered: 170 });
    expect(looks.changes).toEqual([3]);
  });

  it("never leave their bounds, and say when more would be needed until that is over", () => {
    const looks = new Looks().pass(10, { offered: 2000 });
    expect(looks.last).toMatchObject({ replicas: 10, reason: "AtMaximum" });
    expect(looks.last.message).toMatch(/it takes 29 replicas .* spec\.autoscaling\.maxReplicas allows 10\.$/);
    const falling = looks.pass(30, { offered: 690 }).last;
    expect(falling.reason).toBe("AtMaximum");
    expect(falling.message).toMatch(/within the last 300 s it took 34 replicas, and .* allows 10\.$/);
    expect(looks.pass(400, { offered: 300 }).last).toMatchObject({ reason: "FollowsLoad", replicas: 5 });
    expect(new Looks().pass(5, { minimum: 2, offered: 0 }).last.replicas).toBe(2);
    expect(new Looks(9).pass(5, { maximum: 3, offered: 0 }).last.replicas).toBe(3);
  });

  it("carry what was promised even when nothing comes", () => {
    expect(new Looks().pass(5, { promised: 450, offered: 0 }).last.replicas).toBe(5);
  });

  it("forget what a promise took that was taken back, and then wait as after a restart before there are fewer", () => {
    const looks = new Looks().pass(60, { promised: 4500, offered: 0 });
    expect(looks.last).toMatchObject({ replicas: 10, reason: "AtMaximum" });
    expect(looks.pass(295, { offered: 0 }).last).toMatchObject({ replicas: 10, reason: "FollowsLoad" });
    expect(looks.pass(30, { offered: 0 }).last.replicas).toBe(1);
  });

  it("stay while nothing is known: no reports, no capacity, or none within the target", () => {
    expect(new Looks(4).pass(900, { offered: null }).last).toMatchObject({ replicas: 4, reason: "NoReports" });
    for (const capacity of [null, () => 0]) {
      const looks = new Looks(4).pass(900, { capacity, offered: 5000 });
      expect(looks.last).toMatchObject({ replicas: 4, reason: "CapacityUnknown" });
    }
  });

  it("become more, and never fewer, while some pods say nothing", () => {
    const looks = new Looks(4).pass(900, { complete: false, offered: 50 });
    expect(looks.changes).toEqual([]);
    expect(looks.pass(5, { complete: false, offered: 360 }).last.replicas).toBe(6);
  });

  it("are always within the bounds, and enough for the load where the bounds allow it", () => {
    const look = fc.record({
      offered: fc.option(fc.double({ min: 0, max: 1e6, noNaN: true })),
      capacity: fc.option(fc.double({ min: 0, max: 1e5, noNaN: true })),
      complete: fc.boolean(),
      maximum: fc.integer({ min: 3, max: 20 }),
    });
    fc.assert(
      fc.property(fc.array(look, { minLength: 1, maxLength: 100 }), (all) => {
        const looks = new Looks();
        for (const changes of all) {
          const { offered, capacity, maximum } = changes;
          const each = capacity === null ? null : () => capacity;
          const { replicas, memory } = looks.pass(everySeconds, { ...changes, capacity: each, minimum: 2 }).last;
          expect(replicas).toBeGreaterThanOrEqual(2);
          expect(replicas).toBeLessThanOrEqual(maximum);
          if (offered === null || capacity === null || capacity === 0) continue;
          expect(replicas).toBeGreaterThanOrEqual(Math.min(maximum, Math.ceil(offered / (0.7 * capacity))));
          expect(memory.needs.length).toBeLessThanOrEqual(60);
        }
      }),
    );
  });
});
