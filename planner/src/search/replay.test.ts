import { describe, expect, it } from "vitest";
import { exponential, seededRandom } from "../statistics/random.ts";
import { tableOf } from "../testing/servers.ts";
import { forecast } from "./forecast.ts";
import { planPoint } from "./plan-point.ts";
import { withoutBatching } from "./policies.ts";
import { type ReplayQuestion, replay, replayedSeconds } from "./replay.ts";

const shapes = [{ rows: 1, length: 32, group: "" }];
const target = { percentile: "P99" as const, latencyMilliseconds: 40 };
/** About 300 requests/s without batching, 730 with. */
const table = { variant: "Source" as const, table: tableOf((rows) => 2300 + 1000 * rows) };
const layout = { instances: 1, threadsPerInstance: 1, pinned: false, spinning: false };
const single = planPoint({ ...table, layout }, withoutBatching);
const batched = planPoint({ ...table, layout }, { ...withoutBatching, maximumRows: 8 });
const sure = { estimate: 1, deviation: 0.02 };

/** What a server counts second by second of Poisson arrivals. */
function counted(requestsPerSecond: number, seconds: number, seed = 7): number[] {
  const random = seededRandom(seed);
  const counts = new Array<number>(seconds).fill(0);
  for (let now = exponential(random); now < seconds * requestsPerSecond; now += exponential(random)) {
    const second = Math.floor(now / requestsPerSecond);
    counts[second] = (counts[second] ?? 0) + 1;
  }
  return counts;
}

const question = (requests: readonly number[], servers = 1): ReplayQuestion => ({
  requests,
  servers,
  shapes,
  target,
  seed: 3,
});

function replayed(point: typeof single, asked: ReplayQuestion, factor = sure) {
  const found = replay(point, asked, factor);
  if (found === null) throw new Error("there are requests enough");
  return found;
}
const latency = (...given: Parameters<typeof replayed>): number => replayed(...given).latencyMilliseconds.estimate;

describe("recorded traffic under a plan", () => {
  it("takes as long as the forecast says of the same rate, where the record is of such arrivals", () => {
    const { latencyMilliseconds } = forecast(batched, { ...question([]), requestsPerSecond: 400 }, sure);
    const ratio = latency(batched, question(counted(400, 15))) / latencyMilliseconds.estimate;
    expect(ratio).toBeGreaterThan(0.75);
    expect(ratio).toBeLessThan(1.35);
  });

  it("tells a plan that carries it from one that does not", () => {
    const asked = question(counted(450, 12));
    const [one, many] = [replayed(single, asked), replayed(batched, asked)];
    expect(one.shareWithin.high).toBeLessThan(0.2);
    expect(many.shareWithin.low).toBeGreaterThan(0.99);
    expect(many.latencyMilliseconds.high).toBeLessThan(one.latencyMilliseconds.low);
  });

  it("is worse where as many requests came in a rush", () => {
    const rush = Array.from({ length: 20 }, (_, second) => (second % 10 === 0 ? 1100 : 10));
    const even = new Array<number>(20).fill(rush.reduce((sum, count) => sum + count, 0) / 20);
    expect(latency(batched, question(rush))).toBeGreaterThan(3 * latency(batched, question(even)));
  });

  it("is the same for each of several servers as for one alone", () => {
    const alone = latency(batched, question(counted(400, 15)));
    const spread = latency(batched, question(counted(2000, 15), 5));
    expect(spread / alone).toBeGreaterThan(0.75);
    expect(spread / alone).toBeLessThan(1.35);
  });

  it("takes longer on a slower machine, and less is certain the less is known of its speed", () => {
    const asked = question(counted(300, 12));
    expect(latency(batched, asked, { ...sure, estimate: 1.5 })).toBeGreaterThan(1.3 * latency(batched, asked));
    const width = (deviation: number) => {
      const { low, high } = replayed(batched, asked, { estimate: 1, deviation }).latencyMilliseconds;
      return high / low;
    };
    expect(width(0.3)).toBeGreaterThan(width(0.02));
  });

  it("says nothing of too few requests to one server", () => {
    expect(replay(batched, question([50, 40]), sure)).toBeNull();
    expect(replay(batched, question(counted(400, 2), 20), sure)).toBeNull();
    expect(replay(batched, { ...question(counted(400, 2)), shapes: [] }, sure)).toBeNull();
  });
});

describe("what is replayed of a long record", () => {
  it("is its end, with no more than one server's run needs", () => {
    expect(replayedSeconds({ requests: [5000, 1, 2000, 3999], servers: 1 })).toEqual([1, 2000, 3999]);
    expect(replayedSeconds({ requests: [5000, 1, 2000, 3999], servers: 2 })).toEqual([5000, 1, 2000, 3999]);
    expect(replayedSeconds({ requests: [3, 1e9], servers: 1 })).toEqual([6000]);
  });
});
