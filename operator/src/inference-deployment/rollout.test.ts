import { describe, expect, it } from "vitest";
import type { AnnotatePodAction } from "../actions/action.ts";
import type { PodReport } from "../reports/fetch-report.ts";
import type { Pod } from "../resources.ts";
import { annotationKeys } from "../specs/names.ts";
import { creating } from "../testing/kubelet-statuses.ts";
import { infd, now, reportOf, serverPod, toldAnnotations, uidOf } from "../testing/objects.ts";
import { observeOne } from "../testing/observations.ts";
import { planOf, runOf } from "../testing/runs.ts";
import type { ObservedTarget } from "./observed.ts";
import { podPlanState, tellPod } from "./rollout.ts";

const plan = planOf(infd(), runOf(infd()));
const wanted = JSON.stringify(plan);
const targetWith = (report: PodReport | null): ObservedTarget =>
  observeOne({}, { reports: report === null ? {} : { "ocr-x64-a": report } }).targets[0] as ObservedTarget;

const old = reportOf({ planRevision: "older" });
const confirmed = reportOf({ planRevision: plan.revision });
const refusing = reportOf({ planRevision: "older", planError: "No.", refusedRevision: plan.revision });
const silent: PodReport = { problem: "connect ECONNREFUSED" };

const told = (pod: Pod, report: PodReport | null = old, at = now): AnnotatePodAction["annotations"] | null =>
  tellPod(pod, plan, targetWith(report), at)?.annotations ?? null;
const podTold = (seconds: number, reminders: number) =>
  serverPod({ annotations: toldAnnotations(plan, seconds, reminders) });

describe("a pod", () => {
  it("is told the plan that it should run, and when it was told", () => {
    expect(told(serverPod({}))).toEqual({ [annotationKeys.plan]: wanted, [annotationKeys.nonce]: `${now}/0` });
  });

  it("that was told another plan is told anew", () => {
    const pod = serverPod({ annotations: { [annotationKeys.plan]: "{}", [annotationKeys.nonce]: "5/7" } });
    expect(told(pod)).toEqual({ [annotationKeys.plan]: wanted, [annotationKeys.nonce]: `${now}/0` });
  });

  it("that confirms it is told nothing, and one that started with it neither", () => {
    expect(told(podTold(60, 0), confirmed)).toBeNull();
    expect(told(serverPod({}), confirmed)).toBeNull();
  });

  it("that refuses it is told nothing", () => {
    expect(told(podTold(60, 0), refusing)).toBeNull();
  });

  it("that does not run yet is not reminded: it reads its plan when it starts", () => {
    const pod = { ...podTold(600, 0), status: creating("server") };
    expect(told(pod, null)).toBeNull();
    expect(podPlanState(pod, plan, targetWith(null), now)).toEqual({ kind: "Starting" });
  });

  it("that is too slow to be asked is reminded like one that did not hear", () => {
    expect(told(podTold(3, 0), silent)).toEqual({ [annotationKeys.nonce]: `${now - 3000}/1` });
  });
});

describe("reminders", () => {
  it.each([
    [1.9, 0, null],
    [2, 0, 1],
    [5.9, 1, null],
    [6, 1, 2],
    [14, 2, 3],
    [30, 3, 4],
    [62, 4, 5],
    [121, 5, null],
    [122, 5, 6],
    [86_400, 1444, 1443],
  ])("after %d s and %i of them: %j", (seconds, reminders, next) => {
    const expected =
      next === null || next <= reminders ? null : { [annotationKeys.nonce]: `${now - 1000 * seconds}/${next}` };
    expect(told(podTold(seconds, reminders))).toEqual(expected);
  });

  it("heal a lost event without a storm: so many in the first hour, looked at every 5 s", () => {
    let pod = serverPod({});
    let writes = 0;
    for (let second = 0; second < 3600; second += 5) {
      const annotations = told(pod, old, now + 1000 * second);
      if (annotations === null) continue;
      writes++;
      const merged = { ...pod.metadata.annotations, ...annotations } as Record<string, string>;
      pod = { ...pod, metadata: { ...pod.metadata, annotations: merged } };
    }
    expect(writes).toBeGreaterThan(50);
    expect(writes).toBeLessThan(70);
  });

  it("start when somebody has removed or spoilt the note of the last one", () => {
    for (const note of [undefined, "soon", "-1/2", "1/x"]) {
      const annotations = { [annotationKeys.plan]: wanted, ...(note && { [annotationKeys.nonce]: note }) };
      expect(told(serverPod({ annotations }))).toEqual({ [annotationKeys.nonce]: `${now}/0` });
    }
  });

  it("wait when the clock of the last leader was ahead", () => {
    expect(told(podTold(-30, 0))).toBeNull();
  });
});

describe("the safe plan", () => {
  const tell = (pod: Pod, report: PodReport) => tellPod(pod, "safe", targetWith(report), now)?.annotations ?? null;
  const told = { [annotationKeys.plan]: "safe", [annotationKeys.nonce]: `${now}/0` };
  const running = reportOf({ planRevision: "safe", planError: null });

  it("is selected by its name, also for a pod that runs it already and would take the plan of its ConfigMap", () => {
    expect(tell(serverPod({}), confirmed)).toEqual(told);
    expect(tell(serverPod({}), running)).toEqual(told);
    expect(tell(serverPod({ annotations: told }), running)).toBeNull();
  });

  it("gives way to a plan again", () => {
    const annotations = tellPod(serverPod({ annotations: told }), plan, targetWith(running), now)?.annotations;
    expect(annotations?.[annotationKeys.plan]).toBe(wanted);
  });
});

describe("a plan too large for an annotation", () => {
  const [bounds] = plan.inputBounds;
  const large = {
    ...plan,
    inputBounds: Array.from({ length: 64 }, () => ({ ...bounds, name: "n".repeat(256) })),
  } as typeof plan;

  it("travels in the ConfigMap alone, and the nonce makes the kubelet look", () => {
    const tell = (pod: Pod) => tellPod(pod, large, targetWith(old), now)?.annotations ?? null;
    expect(tell(serverPod({}))).toEqual({ [annotationKeys.nonce]: `${now}/0` });
    expect(tell(podTold(0, 0))).toEqual({ [annotationKeys.plan]: null, [annotationKeys.nonce]: `${now}/0` });
    const waiting = serverPod({ annotations: { [annotationKeys.nonce]: `${now - 2000}/0` } });
    expect(tell(waiting)).toEqual({ [annotationKeys.nonce]: `${now - 2000}/1` });
  });
});

describe("whether a pod runs its plan", () => {
  it("is what the pod says, not what it was told", () => {
    const state = (report: PodReport | null, pod = podTold(4, 1)) => podPlanState(pod, plan, targetWith(report), now);
    expect(state(confirmed)).toEqual({ kind: "Applied" });
    expect(state(refusing)).toEqual({ kind: "Refused", running: "older", detail: "No." });
    expect(state(old)).toEqual({ kind: "Waiting", milliseconds: 4000 });
    expect(state(old, serverPod({}))).toEqual({ kind: "Waiting", milliseconds: 0 });
    expect(targetWith(old).reports.has(uidOf("ocr-x64-a"))).toBe(true);
  });
});
