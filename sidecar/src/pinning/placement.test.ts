import { CpuPlacement, type Layout, PinningState } from "@sweetspot/crds";
import { describe, expect, it, vi } from "vitest";
import { bindingObstacle, CpuWatch, readCpus } from "./cpu-watch.ts";
import { describePlacement } from "./placement.ts";
import { type Recorded, reading, v1Guaranteed, v2Guaranteed, v2NoPolicy } from "./testing/recorded-containers.ts";
import { usableCpuCount } from "./usable-cpus.ts";

const environmentOf = (cpus: number) => ({
  SWEETSPOT_CPU_REQUEST: String(1000 * cpus),
  SWEETSPOT_CPU_LIMIT: String(1000 * cpus),
});
const surroundings = (files: Recorded, cpus: number | null) => ({
  read: reading(files),
  environment: cpus === null ? {} : environmentOf(cpus),
  now: () => new Date(0),
});
const layout = (instances: number, pinned = true): Layout => ({
  instances,
  threadsPerInstance: 1,
  pinned,
  spinning: false,
});
const engines = (instances: number, state: PinningState = "Exclusive", pinned = true) => ({
  layout: layout(instances, pinned),
  state,
});
const throttledBy = (files: Recorded, periods: number): Recorded => ({
  ...files,
  "/sys/fs/cgroup/cpu.stat": `nr_throttled ${periods}\n`,
});

describe("where engines and front run", () => {
  it.each([
    ["share the only CPU", v1Guaranteed, 1, engines(1), ["Exclusive", /share it\.$/] as const],
    [
      "are divided as the plan says",
      v2Guaranteed,
      2,
      engines(2),
      ["Exclusive", /bound to 2 and 3; the front runs where/] as const,
    ],
    [
      "share where the plan does not pin",
      v2Guaranteed,
      2,
      engines(1, "Off", false),
      ["Exclusive", /as the plan says/] as const,
    ],
    [
      "share where the plan has too many threads",
      v2Guaranteed,
      2,
      engines(3, "Shared"),
      ["Exclusive", /3 x 1 threads need/] as const,
    ],
    [
      "share where nothing can be bound",
      v2Guaranteed,
      2,
      engines(2, "Unavailable"),
      ["Exclusive", /cannot be bound/] as const,
    ],
    ["are not bound among others", v2NoPolicy, 2, engines(2, "Shared"), ["Shared", /policy to static/] as const],
    [
      "are as the engines say outside of a pod",
      v2NoPolicy,
      null,
      engines(2, "Pinned"),
      ["Pinned", /bound to CPUs of its own/] as const,
    ],
  ])("%s", (_, files: Recorded, cpus, placed, [pinning, message]) => {
    const told = describePlacement(readCpus(null, surroundings(files, cpus)), placed);
    expect(told.pinning).toBe(pinning);
    expect(told.cpuPlacement.message).toMatch(message);
    expect(CpuPlacement.parse(told.cpuPlacement)).toEqual(told.cpuPlacement);
  });

  it("has a sentence for every state of the engines themselves", () => {
    for (const state of PinningState.options.filter((one) => /^(Pinned|Exclusive|Shared|Unavailable|Off)$/.test(one))) {
      const { message } = describePlacement(readCpus(null, surroundings({}, null)), engines(1, state)).cpuPlacement;
      expect(message).toMatch(/\.$/);
    }
  });

  it("is told with what was asked for and what the node has", () => {
    expect(describePlacement(readCpus(null, surroundings(v2Guaranteed, 2)), engines(2)).cpuPlacement).toMatchObject({
      cpuset: "2-3",
      nodeCpus: 8,
      requestMillicores: 2000,
      limitMillicores: 2000,
      throttledPeriods: null,
      at: "1970-01-01T00:00:00.000Z",
    });
  });
});

describe("throttling", () => {
  it.each<[string, Recorded, number, readonly [number, number], string]>([
    ["spoils exclusive CPUs", v2Guaranteed, 2, [3, 5], "Throttled"],
    ["spoils shared ones", v2NoPolicy, 2, [3, 5], "Throttled"],
    ["that is over is over", v2Guaranteed, 2, [5, 5], "Exclusive"],
    ["of an earlier container does not count", v2Guaranteed, 2, [9, 2], "Exclusive"],
    ["is what a fraction of a CPU means", v2NoPolicy, 1.5, [3, 5], "FractionalCpus"],
  ])("%s", (_, files, cpus, [before, after], state) => {
    const first = readCpus(null, surroundings(throttledBy(files, before), cpus));
    const second = readCpus(first, surroundings(throttledBy(files, after), cpus));
    const { pinning, cpuPlacement } = describePlacement(second, engines(1));
    expect([pinning, cpuPlacement.throttledPeriods]).toEqual([state, Math.max(0, after - before)]);
  });

  it("is noticed by the next look", () => {
    vi.useFakeTimers();
    let files = throttledBy(v2Guaranteed, 0);
    const watch = new CpuWatch({ ...surroundings({}, 2), read: (path) => files[path] ?? null }, 10_000);
    files = throttledBy(v2Guaranteed, 4);
    vi.advanceTimersByTime(9999);
    expect(watch.reading.throttled).toBeNull();
    vi.advanceTimersByTime(1);
    expect(watch.reading.throttled).toBe(4);
    watch.close();
    vi.useRealTimers();
  });
});

describe("binding engines to CPUs", () => {
  it.each([
    ["is right on CPUs of its own", v2Guaranteed, 2, null],
    ["is left to the user outside of a pod", v2NoPolicy, null, null],
    ["would stack pods in a shared pool", v2NoPolicy, 2, expect.stringContaining("shares its CPUs")],
  ])("%s", (_, files: Recorded, cpus, obstacle) => {
    expect(bindingObstacle(readCpus(null, surroundings(files, cpus)))).toEqual(obstacle);
  });
});

describe("the CPUs worth using", () => {
  const quota = (text: string): Recorded => ({ ...v2NoPolicy, "/sys/fs/cgroup/cpu.max": text });
  it.each([
    ["those of the CPU set", v2Guaranteed, 2],
    ["those of the quota where it is smaller", v2NoPolicy, 2],
    ["whole ones of the quota", quota("250000 100000"), 2],
    ["one at least", quota("50000 100000"), 1],
    ["all without a quota", quota("max 100000"), 8],
  ])("are %s", (_, files: Recorded, count) => expect(usableCpuCount(reading(files))).toBe(count));
});
