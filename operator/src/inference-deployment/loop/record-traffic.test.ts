import { type ServiceLevelReport, sizeIndex, type TrafficRecord } from "@sweetspot/crds";
import { describe, expect, it } from "vitest";
import type { PodTraffic } from "../../policies/pod-traffic.ts";
import type { ServiceLevelVerdict } from "../../policies/service-level.ts";
import { LoopWorld, steady, type Traffic } from "../../testing/loop-world.ts";
import { reportOf } from "../../testing/objects.ts";
import { withRecord } from "./record-traffic.ts";

const disabled = { "spec.retuning": { mode: "Disabled" } };
const watched = (changes = {}, options = {}) => new LoopWorld(changes, options).pass(400);
const missed: Traffic = { ...steady, bad: () => 0.2, length: 128 };
const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);

describe("traffic that keeps the promise", () => {
  it("is recorded once, when the plan has become usual", () => {
    const world = watched();
    const { usual, breach } = world.history.recorded ?? {};
    expect(breach).toBeUndefined();
    expect(usual?.revision).toBe(world.history.serving);
    expect(usual?.requests.length).toBeGreaterThan(100);
    expect(new Set(usual?.requests)).toEqual(new Set([100]));
    expect(usual?.lengths.at(-1)).toBe(sum(usual?.lengths ?? []));
    expect(usual).toMatchObject({ pods: 1, slowdown: 1 });
    expect(world.pass(300).history.recorded?.usual).toEqual(usual);
  });

  it("is not recorded where there is none", () => {
    const world = new LoopWorld().pass(600, { ...steady, requestsPerSecond: 0 });
    expect(world.history.recorded).toBeUndefined();
  });
});

describe("traffic that misses the target", () => {
  it("is recorded at once, and again when it fills the record, and then no more while it lasts", () => {
    const world = watched(disabled).pass(40, missed);
    const first = world.history.recorded?.breach;
    expect(first?.requests.length).toBeGreaterThan(100);
    const second = world.pass(150, missed).history.recorded?.breach;
    expect(Date.parse(second?.at ?? "")).toBeGreaterThanOrEqual(Date.parse(first?.at ?? "") + 45_000);
    expect(second?.lengths[sizeIndex(128)]).toBe(sum(second?.lengths ?? []));
    expect(second?.badShare).toBeGreaterThan(first?.badShare ?? 1);
    expect(world.pass(300, missed).history.recorded?.breach).toEqual(second);
  });

  it("is recorded with how much slower engines have become", () => {
    const world = watched(disabled).pass(200, { ...missed, costRatio: 2 });
    expect(world.history.recorded?.breach?.slowdown).toBeCloseTo(2, 1);
  });

  it("has no share of misses while two plans share the requests", () => {
    const other: Traffic = { ...steady, length: 16, bad: (plan) => (plan.startsWith("replan-") ? 0.002 : 0.2) };
    const world = watched({}, { trials: true }).pass(150, other);
    expect(world.history.trial).not.toBeNull();
    expect(world.history.recorded?.breach).toMatchObject({ revision: world.history.serving, badShare: null });
  });
});

describe("a record", () => {
  const { history } = watched(disabled).pass(200, missed);
  const [serving] = history.revisions;
  if (serving === undefined) throw new Error("there is one revision");
  const later = 10_000 * Math.ceil(Date.parse(history.recorded?.breach?.at ?? "") / 10_000) + 3_600_000;
  const ten = (value: number) => new Array<number>(10).fill(value);
  const { report } = reportOf() as { report: ServiceLevelReport };
  const told = (requests: number): PodTraffic => {
    const seconds = { end: later / 1000, total: ten(requests), bad: ten(requests / 2) };
    const traffic = { ...report.traffic, seconds, tenSeconds: { ...seconds, end: later / 1000 - 10 } };
    return { pod: "a", node: "n", report: { ...report, traffic } as ServiceLevelReport };
  };
  const at = (began: number, pods = [told(100)]): TrafficRecord | undefined => {
    const level = { state: "Breached", began } as ServiceLevelVerdict;
    const moment = { now: later, traffic: history.baseline.traffic };
    return withRecord(history, { pods, level, serving, slowdown: null, moment }).recorded?.breach;
  };

  it("gives way to that of the next breach, and to no other look at the same one", () => {
    expect(at(later - 30_000)).toMatchObject({ requests: ten(100), badShare: 0.5, slowdown: 1 });
    expect(at(later - 7_200_000)).toEqual(history.recorded?.breach);
  });

  it("adds up what pods told and counts those that did", () => {
    const silent: PodTraffic = { pod: "b", node: "n", report: null };
    expect(at(later, [told(100), silent, told(300)])).toMatchObject({ pods: 2, requests: ten(400) });
  });

  it("is not made of a handful of requests", () => {
    expect(at(later, [told(5)])).toEqual(history.recorded?.breach);
  });
});
