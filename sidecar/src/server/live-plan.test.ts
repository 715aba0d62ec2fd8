import { digestOf, type ServingPlan } from "@sweetspot/crds";
import { describe, expect, it, vi } from "vitest";
import type { ModelSignature } from "../model/signature.ts";
import type { PlanAttempt } from "../plan/plan-attempt.ts";
import { PlanError } from "../plan/plan-error.ts";
import { Metrics } from "../telemetry/metrics.ts";
import { systemClock } from "./clock.ts";
import { Dispatcher } from "./dispatcher.ts";
import { LivePlan, type LivePlanOptions } from "./live-plan.ts";
import { compilePlan, dispatchSettings } from "./running-model.ts";
import { FakePool } from "./testing/fake-pool.ts";

const spec = { name: "x", datatype: "FP32", shape: [-1, 2], symbols: [null, null] } as const;
const signature: ModelSignature = {
  inputs: [spec],
  outputs: [spec],
  batchable: true,
  variableAxis: null,
  inputBounds: [],
};

const planOf = (revision: string, changes: object = {}) =>
  ({
    modelName: "m",
    revision,
    artifact: { variant: "Source", engine: "OnnxRuntime", file: "/m.onnx", digest: "sha256:a" },
    inputBounds: [],
    layout: { instances: 1, threadsPerInstance: 1, pinned: false, spinning: false },
    batching: {
      former: "Fifo",
      maximumRows: 1,
      maximumBatchMicroseconds: 1e6,
      holdMicroseconds: 0,
      windowRequests: 8,
      inFlightPerInstance: 1,
    },
    admission: { maximumQueuedRows: 100, maximumQueuedBytes: 1e6, refuseLate: false },
    serviceLevel: { percentile: "P99", latencyMilliseconds: 1000 },
    ...changes,
  }) as unknown as ServingPlan;
const otherEngines = { layout: { instances: 2, threadsPerInstance: 1, pinned: false, spinning: false } };
const now = (plan: ServingPlan): PlanAttempt[] => [{ source: "Given", read: async () => plan }];

function liveOf(runMicroseconds = 0) {
  const load = vi.fn<NonNullable<LivePlanOptions["load"]>>(async (plan, { clock, observer }) => {
    if (plan.revision.startsWith("bad"))
      throw new PlanError("The plan cannot be served: it is bad.", { cause: new Error("/a/path") });
    const pool = new FakePool(clock, plan.layout.instances, () => ({ microseconds: runMicroseconds }));
    vi.spyOn(pool, "close");
    const compiled = compilePlan(plan, signature);
    const dispatcher = new Dispatcher(pool, plan.padding, dispatchSettings(compiled), clock, observer);
    return { ...compiled, pool, dispatcher };
  });
  const log = { info: vi.fn(), warn: vi.fn(), error: vi.fn() };
  return { load, live: new LivePlan({ clock: systemClock, metrics: new Metrics(() => null), log, load }) };
}

const submit = ({ current }: LivePlan) =>
  current!.dispatcher.submit({
    inputs: [{ name: "x", datatype: "FP32", shape: [1, 2], data: new Uint8Array(8) }],
    outputs: ["x"],
    shape: { rows: 1, length: 1, group: "" },
    bytes: 8,
    arrival: systemClock.now(),
    onTimeUntil: Number.POSITIVE_INFINITY,
    deadline: Number.POSITIVE_INFINITY,
  });

describe("a plan that changes while it serves", () => {
  it("keeps its engines when only the policy changes, and counts afresh", async () => {
    const { live, load } = liveOf();
    await live.apply(now(planOf("r1")));
    const before = live.current!;
    before.level.request("Answered", 5);
    await live.apply(
      now(planOf("r2", { admission: { maximumQueuedRows: 1, maximumQueuedBytes: 1, refuseLate: false } })),
    );
    expect(load).toHaveBeenCalledOnce();
    expect(live.current!.pool).toBe(before.pool);
    expect([live.current!.plan.revision, live.current!.level.counts().total]).toEqual(["r2", 0]);
    await live.close(0);
  });

  it("goes on counting when it is given the plan that runs already, and forgets the error of another", async () => {
    const { live, load } = liveOf();
    await live.apply(now(planOf("r1")));
    live.current!.level.request("Answered", 5);
    await expect(live.apply(now(planOf("bad", otherEngines)))).rejects.toThrow(PlanError);
    await live.apply(now(planOf("r1")));
    expect([live.current!.level.counts().total, live.refusal]).toEqual([1, null]);
    expect(load).toHaveBeenCalledTimes(2);
    await live.close(0);
  });

  it("keeps its engines when the same artifact lies elsewhere", async () => {
    const { live, load } = liveOf();
    await live.apply(now(planOf("r1")));
    await live.apply(now(planOf("r2", { artifact: { ...planOf("r2").artifact, file: "/elsewhere.onnx" } })));
    expect(load).toHaveBeenCalledOnce();
    await live.close(0);
  });

  it.each([
    ["layout", otherEngines],
    ["artifact", { artifact: { ...planOf("r").artifact, digest: "sha256:b" } }],
    ["padding", { padding: { inputs: [{ name: "x", axis: 1, value: 0 }], outputs: [], tolerance: 0 } }],
    ["outputs", { outputs: ["x"] }],
  ])("loads new engines for another %s, and ends the old ones after their last request", async (_, changes) => {
    const { live } = liveOf(30_000);
    await live.apply(now(planOf("r1")));
    const old = live.current!;
    const accepted = [submit(live), submit(live)];
    await live.apply(now(planOf("r2", changes)));
    expect(live.current!.pool).not.toBe(old.pool);
    expect(old.pool.close).not.toHaveBeenCalled();
    await Promise.all(accepted.map(({ answer }) => answer));
    await vi.waitFor(() => expect(old.pool.close).toHaveBeenCalledOnce());
    await submit(live).answer;
    await live.close(1000);
  });

  it("keeps the last good plan when a newer one is bad, says why without paths, and recovers", async () => {
    const { live } = liveOf();
    await live.apply(now(planOf("r1")));
    await expect(live.apply(now(planOf("bad", otherEngines)))).rejects.toThrow(PlanError);
    expect(live.current!.plan.revision).toBe("r1");
    expect(live.refusal).toEqual({ message: "The plan cannot be served: it is bad.", revision: "bad" });
    await expect(
      live.apply(now(planOf("r3", { inputBounds: [{ name: "y", minimum: 0, maximum: 1 }] }))),
    ).rejects.toThrow(PlanError);
    await expect(
      live.apply([{ source: "Selected", read: () => Promise.reject(new Error("ENOENT /a/path")) }]),
    ).rejects.toThrow();
    expect(live.refusal?.message).not.toContain("/a/path");
    expect(live.refusal?.revision).toBeNull();
    await submit(live).answer;
    await live.apply(now(planOf("r4")));
    expect([live.current!.plan.revision, live.refusal]).toEqual(["r4", null]);
    await live.close(0);
  });

  it("applies plans in the order in which they were given", async () => {
    const { live } = liveOf();
    const slow = async () => {
      await new Promise((resolve) => setTimeout(resolve, 20));
      return planOf("r1");
    };
    await Promise.all([live.apply([{ source: "Given", read: slow }]), live.apply(now(planOf("r2", otherEngines)))]);
    expect(live.current!.plan.revision).toBe("r2");
    await live.close(0);
  });

  it("serves the first of several plans that can be served, and goes on saying what was wrong with the best", async () => {
    const { live, load } = liveOf();
    const attempt = (source: PlanAttempt["source"], revision: string): PlanAttempt => ({
      source,
      read: async () => planOf(revision, revision === "r2" ? {} : otherEngines),
    });
    await live.apply([attempt("Selected", "bad-1"), attempt("Active", "r2"), attempt("Given", "r3")]);
    expect(load.mock.calls.map(([{ revision }]) => revision)).toEqual(["bad-1", "r2"]);
    expect(live.origin).toEqual({ source: "Active", digest: digestOf(planOf("r2")) });
    expect(live.refusal?.revision).toBe("bad-1");
    await expect(live.apply([attempt("Selected", "bad-2"), attempt("Active", "bad-3")])).rejects.toThrow(PlanError);
    expect([live.current!.plan.revision, live.origin?.source, live.refusal?.revision]).toEqual([
      "r2",
      "Active",
      "bad-2",
    ]);
    await live.apply([attempt("Selected", "r2")]);
    expect([load.mock.calls.length, live.origin?.source, live.refusal]).toEqual([4, "Selected", null]);
    await live.close(0);
  });

  it("finishes accepted requests when it closes, and answers those that it has no time for", async () => {
    const { live } = liveOf(30_000);
    await live.apply(now(planOf("r1")));
    const accepted = submit(live);
    await live.close(1000);
    await accepted.answer;
    const { live: hurried } = liveOf(10_000_000);
    await hurried.apply(now(planOf("r1")));
    const running = submit(hurried);
    const waiting = submit(hurried);
    await new Promise((resolve) => setTimeout(resolve, 20));
    const refused = expect(waiting.answer).rejects.toThrow("shutting down");
    running.answer.catch(() => undefined);
    await hurried.close(10);
    await refused;
  });
});
