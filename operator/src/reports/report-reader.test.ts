import { describe, expect, it } from "vitest";
import type { Pod } from "../resources.ts";
import { VirtualClock } from "../runtime/testing/virtual-clock.ts";
import { reportOf, serverPod } from "../testing/objects.ts";
import type { PodReport } from "./fetch-report.ts";
import { ReportReader } from "./report-reader.ts";

const model = "ocr";
const good = reportOf({ modelName: model });
const podAt = (index: number): Pod =>
  serverPod({ name: `pod-${index}`, status: { ...serverPod({}).status, podIP: `10.0.0.${index}` } });

/** A reader on virtual time whose pods answer as told, and what was asked. */
function readerOf(answer: (address: string) => Promise<PodReport>, atOnce?: number) {
  const clock = new VirtualClock();
  const asked: string[] = [];
  let running = 0;
  let most = 0;
  const reader = new ReportReader({
    clock,
    ...(atOnce && { atOnce }),
    fetch: async (address) => {
      asked.push(address);
      most = Math.max(most, ++running);
      return await answer(address).finally(() => (running -= 1));
    },
  });
  const read = async (pods: readonly Pod[]) => {
    const found = reader.read(pods, model);
    await clock.advance(400);
    return [...(await found).values()];
  };
  return { clock, asked, read, most: () => most };
}

const after = (clock: () => VirtualClock, milliseconds: number, found: PodReport) =>
  new Promise<PodReport>((resolve) => clock().after(milliseconds, () => resolve(found)));

describe("the reports of many pods", () => {
  it("are asked for by a bounded number of requests at a time", async () => {
    const pods = Array.from({ length: 20 }, (_, i) => podAt(i));
    const world = readerOf(() => after(() => world.clock, 10, good), 3);
    expect(await world.read(pods)).toEqual(pods.map(() => good));
    expect(world.most()).toBe(3);
    expect(world.asked).toHaveLength(20);
  });

  it("are not asked for again in the same moment, nor of pods that do not run", async () => {
    const world = readerOf(async () => good);
    const pods = [podAt(1), serverPod({ name: "pending", status: { phase: "Pending" } })];
    const both = await Promise.all([world.read(pods), world.read(pods)]);
    expect(both).toEqual([[good], [good]]);
    expect(world.asked).toEqual(["10.0.0.1"]);
    await world.read(pods);
    expect(world.asked).toHaveLength(2);
  });
});

describe("a pod that does not answer", () => {
  it("holds nobody up for long, and its answer is there for the next look", async () => {
    const world = readerOf(() => after(() => world.clock, 1000, good));
    expect(await world.read([podAt(1)])).toEqual([{ problem: "it has not answered yet" }]);
    await world.clock.advance(1000);
    expect(await world.read([podAt(1)])).toEqual([good]);
  });

  it("is asked less and less often, and at least every five seconds", async () => {
    const world = readerOf(async () => ({ problem: "refused" }));
    for (let look = 0; look < 300; look++) await world.read([podAt(1)]);
    // Two minutes: after 0.5, 1, 2 and 4 s, then every five.
    expect(world.asked.length).toBeGreaterThan(20);
    expect(world.asked.length).toBeLessThan(32);
  });

  it("counts for what it said last, until that is a quarter of a minute old", async () => {
    let alive = true;
    const world = readerOf(async () => (alive ? good : { problem: "refused" }));
    await world.read([podAt(1)]);
    alive = false;
    const looks: PodReport[] = [];
    for (let look = 0; look < 50; look++) looks.push((await world.read([podAt(1)]))[0] as PodReport);
    expect(looks[0]).toEqual(good);
    expect(looks.at(-1)).toHaveProperty("problem");
    expect(looks.filter((look) => "report" in look).length).toBeGreaterThan(30);
  });

  it("is asked at once again when it has become ready", async () => {
    const starting = { ...podAt(1), status: { ...podAt(1).status, conditions: [] } };
    const world = readerOf(async () => ({ problem: "refused" }));
    for (let look = 0; look < 50; look++) await world.read([starting]);
    const before = world.asked.length;
    await world.read([podAt(1)]);
    expect(world.asked).toHaveLength(before + 1);
  });
});

describe("a report that cannot be true", () => {
  it.each([
    ["of another model", reportOf({ modelName: "other" }), /it serves other/],
    ["of more requests than a server has", withTotal(1e12), /figures that no server can have/],
  ])("is a problem: %s", async (_, found, words) => {
    const world = readerOf(async () => found);
    expect(await world.read([podAt(1)])).toEqual([{ problem: expect.stringMatching(words) }]);
  });
});

function withTotal(total: number): PodReport {
  const { report } = good as { report: NonNullable<Extract<PodReport, { report: object }>["report"]> };
  const traffic = { ...report.traffic, seconds: { end: 0, total: [total], bad: [0] } };
  return reportOf({ modelName: model, traffic: traffic as NonNullable<typeof report.traffic> });
}
