import type { TuningRun } from "@sweetspot/crds";
import { describe, expect, test } from "vitest";
import { eventually } from "../eventually.ts";
import { modelImages } from "../model-images.ts";
import { loadNoisyTuner } from "../noisy-tuner.ts";
import { inferenceDeployment, namespace, tunable } from "../objects.ts";
import type { World } from "../world.ts";

const shortest = { tuning: { budgetSeconds: 20, variants: ["Source"] } };

/** Jobs that end badly: each run says why, and the next attempt may succeed. */
export function tuningFaults(world: () => World): void {
  describe("a tuning that goes wrong", () => {
    test("by a target that cannot be met is an answer: infeasible, with the best reachable, and served all the same", async () => {
      const { cluster, view } = world();
      const name = "hasty";
      await cluster.kubectl.apply(
        inferenceDeployment({
          name,
          image: modelImages.recogniser,
          latencyMilliseconds: 1,
          resources: { cpu: "500m", memory: "1Gi" },
          spec: shortest,
        }),
      );
      await cluster.kubectl("wait", "-n", namespace, `infd/${name}`, "--for=condition=Tuned", "--timeout=170s");
      expect(await view.condition(name, "Tuned")).toMatchObject({ reason: "Infeasible" });
      const met = await view.condition(name, "ServiceLevelMet");
      expect(met).toMatchObject({ status: "False", reason: "Infeasible" });
      expect(met.message).toMatch(/best reachable is [\d.]+ ms/);
      expect((await view.condition(name, "Ready")).status).toBe("True");
      const { status } = await view.infd(name);
      expect(status?.targets?.[0]?.bestReachableMilliseconds).toBeGreaterThan(1);
      await cluster.kubectl("delete", "infd", name, "-n", namespace, "--wait=false");
    });

    test("by a Job that is killed is tried again", async () => {
      const { cluster, view } = world();
      const name = "killed";
      await cluster.kubectl.apply(
        inferenceDeployment({ name, image: modelImages.tiny, resources: tunable, spec: shortest }),
      );
      const first = await eventually("the first attempt runs", () => runIn(world(), name, 1, "Running"), {
        seconds: 60,
      });
      await cluster.kubectl(
        "delete",
        "pod",
        "-n",
        namespace,
        "-l",
        `sweetspot.dev/tuning-run=${first.metadata.name}`,
        "--grace-period=0",
        "--force",
      );
      await eventually(
        "it is said that the Job was killed",
        async () => failureOf(await view.run(first.metadata.name)) === "JobKilled",
        { seconds: 60 },
      );
      await eventually("the second attempt runs", () => runIn(world(), name, 2, "Running"), { seconds: 60 });
      await cluster.kubectl("wait", "-n", namespace, `infd/${name}`, "--for=condition=Tuned", "--timeout=170s");
      await cluster.kubectl("delete", "infd", name, "-n", namespace, "--wait=false");
    });

    test.each(["garbage", "flood"] as const)(
      "by a Job that prints %s is said, and mended by a right tuner",
      async (noise) => {
        const { cluster, view, installation } = world();
        const name = `noisy-${noise}`;
        const { repository, tag } = await loadNoisyTuner(cluster, noise);
        await installation.upgrade(`images.tuner.repository=${repository}`, `images.tuner.tag=${tag}`);
        await cluster.kubectl.apply(
          inferenceDeployment({ name, image: modelImages.tiny, resources: tunable, spec: shortest }),
        );
        const failed = await eventually(
          "the report is said to be invalid",
          async () => {
            const runs = await view.runs(name);
            return runs.find((run) => failureOf(run) === "ReportInvalid") ?? null;
          },
          { seconds: 60, everyMilliseconds: 500 },
        );
        expect(failed.status?.message).toMatch(/cannot be used/);
        expect((await view.condition(name, "Ready")).status).toBe("True");
        await installation.upgrade("images.tuner.repository=tuner", "images.tuner.tag=");
        await cluster.kubectl("wait", "-n", namespace, `infd/${name}`, "--for=condition=Tuned", "--timeout=170s");
        await cluster.kubectl("delete", "infd", name, "-n", namespace, "--wait=false");
      },
    );

    test("by an image of the tuner that does not exist is said, its Job is ended, and it is mended", async () => {
      const { cluster, view, installation } = world();
      const name = "imageless";
      await installation.upgrade("images.tuner.tag=nowhere");
      const wanted = { name, image: modelImages.tiny, resources: tunable, spec: shortest };
      await cluster.kubectl.apply(inferenceDeployment(wanted));
      const failed = await eventually(
        "the missing image is said",
        async () => (await view.runs(name)).find((run) => failureOf(run) === "ImageCannotBePulled") ?? null,
        { seconds: 60, everyMilliseconds: 500 },
      );
      expect(failed.status?.message).toMatch(/tuner:nowhere/);
      const job = failed.metadata.name;
      await eventually(
        "its Job is gone",
        async () => (await cluster.kubectl.attempt("get", "job", job, "-n", namespace)).code !== 0,
        { seconds: 30 },
      );
      await installation.upgrade("images.tuner.tag=");
      await cluster.kubectl("delete", "infd", name, "-n", namespace, "--wait=false");
    });
  });
}

const conditionOf = (run: TuningRun, type: string) => run.status?.conditions?.find((one) => one.type === type);

const failureOf = (run: TuningRun): string | null => {
  const failed = conditionOf(run, "Failed");
  return failed?.status === "True" ? failed.reason : null;
};

async function runIn({ view }: World, name: string, attempt: number, reason: string): Promise<TuningRun | null> {
  const runs = await view.runs(name);
  return runs.find((run) => run.spec.attempt === attempt && conditionOf(run, "Complete")?.reason === reason) ?? null;
}
