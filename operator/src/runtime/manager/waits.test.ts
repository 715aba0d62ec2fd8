import { describe, expect, it } from "vitest";
import { sleep } from "../clock.ts";
import { VirtualClock } from "../testing/virtual-clock.ts";
import { countingWaits, Waits, waitingFor } from "./waits.ts";

describe("the waits of a reconcile", () => {
  it("are counted once where several overlap, and not between them", async () => {
    const clock = new VirtualClock();
    const waits = new Waits();
    const wait = (milliseconds: number) => waitingFor(clock, () => sleep(clock, milliseconds));
    const reconcile = countingWaits(waits, async () => {
      await Promise.all([wait(100), wait(300), wait(200)]);
      await sleep(clock, 1000);
      await wait(50);
    });
    await clock.advance(2000);
    await reconcile;
    expect(waits.total).toBe(350);
  });

  it("are those of this one and no other, failed ones too", async () => {
    const clock = new VirtualClock();
    const [mine, other] = [new Waits(), new Waits()];
    const fail = async () => {
      await sleep(clock, 70);
      throw new Error("refused");
    };
    const both = Promise.all([
      countingWaits(mine, () => waitingFor(clock, fail).catch(() => undefined)),
      countingWaits(other, () => waitingFor(clock, () => sleep(clock, 30))),
    ]);
    await clock.advance(100);
    await both;
    expect([mine.total, other.total]).toEqual([70, 30]);
  });

  it("are nobody's outside of a reconcile", async () => {
    expect(await waitingFor(new VirtualClock(), async () => "answer")).toBe("answer");
  });
});
