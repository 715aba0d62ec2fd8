import { describe, expect, it } from "vitest";
import { VirtualClock } from "../runtime/testing/virtual-clock.ts";
import { CountReader } from "./count-reader.ts";
import type { PrometheusCounts } from "./prometheus-counts.ts";

const target = (name: string) => ({ namespace: "shop", deployment: "ocr", target: name });
const good: PrometheusCounts = { blocks: [{ start: 0, seconds: 60, total: 10, bad: 1 }] };
const refused: PrometheusCounts = { problem: "it answers 503" };

/** A reader on virtual time, which is asked every five seconds. */
function readerOf(answer: () => PrometheusCounts, takesMilliseconds = 100) {
  const clock = new VirtualClock();
  const asked: string[] = [];
  const running = { now: 0, most: 0 };
  const reader = new CountReader({
    clock,
    atOnce: 2,
    fetch: ({ target: name }) => {
      asked.push(name);
      running.most = Math.max(running.most, ++running.now);
      return new Promise((resolve) =>
        clock.after(takesMilliseconds, () => {
          running.now -= 1;
          resolve(answer());
        }),
      );
    },
  });
  const look = async (...names: readonly string[]) => {
    const found = Promise.all(names.map((name) => reader.read(target(name))));
    await clock.advance(5000);
    return await found;
  };
  return { asked, running, look };
}

describe("what Prometheus counts", () => {
  it("is waited for at the first look, and asked for every twenty seconds", async () => {
    const world = readerOf(() => good);
    expect(await world.look("x64")).toEqual([good]);
    for (let look = 0; look < 23; look++) await world.look("x64");
    expect(world.asked).toHaveLength(6);
  });

  it("is asked for by a bounded number of requests at a time", async () => {
    const world = readerOf(() => good);
    expect(await world.look("a", "b", "c", "d", "e")).toEqual(new Array(5).fill(good));
    expect(world.running.most).toBe(2);
  });

  it("holds nobody up for long when it is slow, and is there for the next look", async () => {
    const world = readerOf(() => good, 4000);
    expect(await world.look("x64")).toEqual([{ problem: "it has not answered yet" }]);
    expect(await world.look("x64")).toEqual([good]);
  });

  it("counts for a minute and a half after Prometheus fell silent", async () => {
    let answer: PrometheusCounts = good as PrometheusCounts;
    const world = readerOf(() => answer);
    await world.look("x64");
    answer = refused;
    const looks: PrometheusCounts[] = [];
    for (let look = 0; look < 40; look++) looks.push(...(await world.look("x64")));
    expect(looks.slice(0, 15)).toEqual(new Array(15).fill(good));
    expect(looks.at(-1)).toEqual(refused);
    answer = good;
    for (let look = 0; look < 5; look++) looks.push(...(await world.look("x64")));
    expect(looks.at(-1)).toEqual(good);
  });
});
