import { describe, expect, it } from "vitest";
import { LoopWorld, steady, type Traffic } from "../testing/loop-world.ts";
import { deploymentOf, infd, now, reportOf, serverPod, twoTargets } from "../testing/objects.ts";
import { actionsOf, observe, statusIn } from "../testing/observations.ts";
import { answered, runOf } from "../testing/runs.ts";
import { type DeploymentPlan, planDeployment } from "./plan.ts";

const overloaded: Traffic = { ...steady, bad: () => 0.2, requestsPerSecond: 900 };
const scaled = (autoscaling: object, changes = {}) =>
  new LoopWorld({ "spec.autoscaling": autoscaling, ...changes }).pass(60);
const eventsOf = (world: LoopWorld, reason: string) => world.events.filter((event) => event.startsWith(`${reason}:`));

/** Replicas of the Deployments that a plan makes. */
const sizesIn = (plan: DeploymentPlan) =>
  actionsOf(plan, "Apply").flatMap(({ resource, manifest }) =>
    resource.kind === "Deployment" ? [(manifest as { spec?: { replicas?: number } }).spec?.replicas] : [],
  );

describe("an InferenceDeployment with spec.autoscaling", () => {
  it("gets as many replicas as its load takes, in its Deployment, status and one event", () => {
    const world = scaled({ maxReplicas: 10 });
    expect(world.replicas).toBe(1);
    expect(world.status.autoscaling).toMatchObject({ replicas: 1, reason: "FollowsLoad" });
    world.pass(120, overloaded);
    expect(world.replicas).toBe(4);
    expect(world.status.autoscaling).toMatchObject({ replicas: 4, reason: "FollowsLoad" });
    const events = eventsOf(world, "ScaledUp");
    expect(events.at(-1)).toMatch(
      / to 4 replicas: \d+ requests\/s come, and one replica carries 402 within the target/,
    );
    expect(events.length).toBeLessThanOrEqual(3);
  });

  it("gives them back after a stable window, counted from the start of the process", () => {
    const world = scaled({ maxReplicas: 10, scaleDownSeconds: 120 }).pass(120, overloaded).pass(110);
    expect(world.replicas).toBe(4);
    world.restart().pass(100);
    expect(world.replicas).toBe(4);
    world.pass(30);
    expect(world.replicas).toBe(1);
    expect(eventsOf(world, "ScaledDown")).toHaveLength(1);
  });

  it("writes nothing while the load stays as it is", () => {
    const world = scaled({ maxReplicas: 10 }).pass(600);
    const before = world.writes.length;
    world.pass(600);
    expect(world.writes.length).toBe(before);
  });

  it("says of load that replicas follow it, whatever spec.retuning says, and what to do at the maximum", () => {
    for (const mode of ["Automatic", "Disabled"]) {
      const world = scaled({ maxReplicas: 10 }, { "spec.retuning": { mode } }).pass(400).pass(300, overloaded);
      expect(world.target.diagnosis).toMatchObject({ cause: "Load", response: "Acting" });
      expect(world.target.diagnosis?.message).toMatch(/spec\.autoscaling raises the replicas/);
    }
    const full = scaled({ maxReplicas: 2 }).pass(400).pass(300, overloaded);
    expect(full.replicas).toBe(2);
    expect(full.target.diagnosis).toMatchObject({ cause: "Load", response: "Advised" });
    expect(full.target.diagnosis?.message).toMatch(/Raise spec\.autoscaling\.maxReplicas/);
    expect(eventsOf(full, "AtMaximum")).toHaveLength(1);
  });

  it("serves nothing with no replicas, and does not choose any", () => {
    const world = scaled({ minReplicas: 2, maxReplicas: 10 }, { "spec.replicas": 0 });
    expect(world.replicas).toBe(0);
    expect(world.status.autoscaling).toBeUndefined();
  });

  it("tells a pod that made room for a tuning from one that is not there yet", () => {
    const autoscaling = { replicas: 2, reason: "FollowsLoad", message: "Two.", since: "2026-03-14T09:00:00Z" };
    const deployment = infd({
      "spec.autoscaling": { minReplicas: 4, maxReplicas: 8 },
      "spec.tuning": { whenFull: "Yield" },
      status: { autoscaling },
    });
    const runs = [runOf(deployment, { progress: { kind: "Running", node: "node1" } })];
    const sizeAfter = (replicas: number) =>
      sizesIn(planDeployment(observe(deployment, { x64: { deployment: deploymentOf(replicas), runs } })));
    expect(sizeAfter(2)).toEqual([4]);
    expect(sizeAfter(1)).toEqual([3]);
  });

  it("begins with what there is, and waits for the capacity of each target", () => {
    const deployment = infd({ ...twoTargets, "spec.autoscaling": { maxReplicas: 8 } });
    const plan = planDeployment(
      observe(deployment, {
        x64: { deployment: deploymentOf(2), pods: [serverPod({})], reports: { "ocr-x64-a": reportOf() } },
        arm: { deployment: deploymentOf(2, "arm") },
      }),
    );
    expect(sizesIn(plan)).toEqual([2, 2]);
    expect(statusIn(plan)).toMatchObject({ autoscaling: { replicas: 4, reason: "CapacityUnknown" } });
  });

  it("counts with the slowest target behind the Service, and with all of them behind a balancer that goes by load", () => {
    const traffic = (requests: number) => {
      const seconds = { end: now / 1000, total: Array(60).fill(requests), bad: Array(60).fill(0) };
      const tens = { end: now / 1000, total: Array(6).fill(10 * requests), bad: Array(6).fill(0) };
      const stages = { end: now / 1000, answered: [], queue: [], engine: [], other: [], observed: [], expected: [] };
      return reportOf({ traffic: { tenSeconds: tens, seconds, stages, lengths: [], rows: [] } });
    };
    const sizes = (loadBalancing: "Even" | "LeastRequest") => {
      const deployment = infd({ ...twoTargets, "spec.autoscaling": { maxReplicas: 30, loadBalancing } });
      const seen = (target: string, capacity: number) => ({
        deployment: deploymentOf(1, target),
        pods: [serverPod({ name: `ocr-${target}-a`, target })],
        reports: { [`ocr-${target}-a`]: traffic(500) },
        runs: [runOf(deployment, { target, progress: answered({ capacityRequestsPerSecond: capacity }) })],
      });
      return sizesIn(planDeployment(observe(deployment, { x64: seen("x64", 400), arm: seen("arm", 90) })));
    };
    // 1000 / (0.7 x 90) are 15.9; 0.7 x (4 x 400 + 90) are 1183.
    expect(sizes("Even")).toEqual([13, 3]);
    expect(sizes("LeastRequest")).toEqual([4, 1]);
  });
});
