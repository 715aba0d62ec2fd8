import type { ServingPlan } from "@sweetspot/crds";
import { quantile } from "@sweetspot/planner";
import { safePlan } from "@sweetspot/sidecar";
import { describe, expect, test } from "vitest";
import { elementwiseModel, writeOnnx } from "../../builders/onnx-model.ts";
import { eventually } from "../eventually.ts";
import { modelImages } from "../model-images.ts";
import { fractional, inferenceDeployment, namespace } from "../objects.ts";
import { SteadyClient } from "../steady-client.ts";
import { tinyRequest } from "../tiny-request.ts";
import type { World } from "../world.ts";

const name = "steered";
const changes = 20;
const longestP95Milliseconds = 2000;

/** With tuning disabled a pod runs whatever plan its annotation holds: so fast does a plan travel. */
export function planChanges(world: () => World): void {
  describe("a plan in a pod's annotation", () => {
    test(`is answered with after at most 2 s (p95 of ${changes} changes), without a failed request`, async () => {
      const { cluster, view } = world();
      const spec = { tuning: { mode: "Disabled" } };
      await cluster.kubectl.apply(inferenceDeployment({ name, image: modelImages.tiny, resources: fractional, spec }));
      await cluster.kubectl("wait", "-n", namespace, `infd/${name}`, "--for=condition=Ready", "--timeout=60s");
      const [pod] = await view.servers(name);
      const client = new SteadyClient(await view.inferUrl(name), tinyRequest(), 50);
      const times: number[] = [];
      for (let change = 1; change <= changes; change += 1) {
        times.push(await timeChange(world(), pod?.metadata.name ?? "", await planFor(change)));
      }
      const { failures, answered } = await client.stop();
      expect(failures).toEqual([]);
      expect(answered).toBeGreaterThan(changes);
      const [median, p95] = [0.5, 0.95].map((share) => quantile(Float64Array.from(times), share)) as [number, number];
      console.log(`${changes} plan changes by annotation: p50 ${median.toFixed(0)} ms, p95 ${p95.toFixed(0)} ms`);
      expect(p95).toBeLessThanOrEqual(longestP95Milliseconds);
    });

    test("stays where the user put it while tuning is disabled", async () => {
      const { view } = world();
      expect((await view.report(name)).planRevision).toBe(`change-${changes}`);
      expect(await view.condition(name, "Tuned")).toMatchObject({ status: "False", reason: "Disabled" });
    });
  });
}

/** A plan that differs from the one before by what it does, not by its name alone. */
async function planFor(change: number): Promise<ServingPlan> {
  const file = await writeOnnx(elementwiseModel());
  const plan = await safePlan(file, name, { percentile: "P99", latencyMilliseconds: 300 }, 1);
  return {
    ...plan,
    revision: `change-${change}`,
    artifact: { ...plan.artifact, file: "/model/model.onnx" },
    batching: { ...plan.batching, maximumRows: change },
  };
}

/** Milliseconds from the patch until the pod says that it runs the plan. */
async function timeChange({ cluster, view }: World, pod: string, plan: ServingPlan): Promise<number> {
  const patch = { metadata: { annotations: { "sweetspot.dev/plan": JSON.stringify(plan) } } };
  const started = Date.now();
  await cluster.kubectl("patch", "pod", pod, "-n", namespace, "--type=merge", "-p", JSON.stringify(patch));
  const address = (await view.servers(name))[0]?.status.podIP;
  await eventually(
    `the pod runs ${plan.revision}`,
    async () => (await reportOf(address)).planRevision === plan.revision,
    { seconds: 90, everyMilliseconds: 20 },
  );
  return Date.now() - started;
}

async function reportOf(address: string | undefined): Promise<{ planRevision: string }> {
  const response = await fetch(`http://${address}:9090/v2/sweetspot/report`);
  return (await response.json()) as { planRevision: string };
}
