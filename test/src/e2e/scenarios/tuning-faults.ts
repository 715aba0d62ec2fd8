import type { TuningRun } from "@sweetspot/crds";
import { describe, expect, test } from "vitest";
import { eventually } from "../eventually.ts";
import { modelImages } from "../model-images.ts";
import { loadNoisyTuner } from "../noisy-tuner.ts";
import { inferenceDeployment, namespace, shortest, tunable } from "../objects.ts";
import type { World } from "../world.ts";

/** What is measured lasts for a number of times the target: a short one saves half a minute a tuning. */
const latencyMilliseconds = 100;
const longestTuningSeconds = 300;

interface BadTuner {
  readonly name: string;
  readonly what: string;
  /** Repository and tag that are given for the tuner's image. */
  readonly image: (world: World) => Promise<{ readonly repository: string; readonly tag: string }>;
  readonly reason: string;
  readonly message: RegExp;
}

const badTuners: readonly BadTuner[] = [
  {
    name: "imageless",
    what: "an image that does not exist",
    image: async () => ({ repository: "tuner", tag: "nowhere" }),
    reason: "ImageCannotBePulled",
    message: /tuner:nowhere/,
  },
  ...(["garbage", "flood"] as const).map((noise) => ({
    name: `noisy-${noise}`,
    what: `a program that prints ${noise}`,
    image: ({ cluster }: World) => loadNoisyTuner(cluster, noise),
    reason: "ReportInvalid",
    message: /cannot be used/,
  })),
];

/** Jobs that end badly: each run says why, and the next attempt may succeed. */
export function tuningFaults(world: () => World): void {
  describe("a Job that is killed", () => {
    test(
      "is tried again",
      async () => {
        const { cluster, view } = world();
        const name = "killed";
        await cluster.kubectl.apply(
          inferenceDeployment({
            name,
            image: modelImages.tiny,
            latencyMilliseconds,
            resources: tunable,
            spec: shortest,
          }),
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
        await cluster.kubectl(
          "wait",
          "-n",
          namespace,
          `infd/${name}`,
          "--for=condition=Tuned",
          `--timeout=${longestTuningSeconds}s`,
        );
        await remove(world(), name);
      },
      1000 * (longestTuningSeconds + 180),
    );
  });

  describe("a tuner that is none", () => {
    test("is started for a deployment each", async () => {
      const { cluster, view, installation } = world();
      for (const [index, { name, image }] of badTuners.entries()) {
        const { repository, tag } = await image(world());
        await installation.upgrade(`images.tuner.repository=${repository}`, `images.tuner.tag=${tag}`);
        await cluster.kubectl.apply(
          inferenceDeployment({
            name,
            image: modelImages.tiny,
            // Another question each: the answer to an equal one would be taken over.
            latencyMilliseconds: latencyMilliseconds + 1 + index,
            resources: tunable,
            spec: shortest,
          }),
        );
        // A Job keeps the image with which it was made.
        const started = async () => (await view.runs(name)).some(({ status }) => status?.jobName !== undefined);
        await eventually(`the Job of ${name} is made`, started, { seconds: 60 });
      }
    });

    test.each(badTuners)("is said to be $what, while the source is served", async ({ name, reason, message }) => {
      const { view } = world();
      const failed = await eventually(
        `the run fails by ${reason}`,
        async () => (await view.runs(name)).find((run) => failureOf(run) === reason) ?? null,
        { seconds: 60, everyMilliseconds: 500 },
      );
      expect(failed.status?.message).toMatch(message);
      expect((await view.condition(name, "Ready")).status).toBe("True");
    });

    test("leaves no Job behind that waits for its image", async () => {
      const { cluster, view } = world();
      const [run] = (await view.runs("imageless")).filter((one) => failureOf(one) === "ImageCannotBePulled");
      await eventually(
        "its Job is gone",
        async () => (await cluster.kubectl.attempt("get", "job", run?.metadata.name ?? "", "-n", namespace)).code !== 0,
        { seconds: 30 },
      );
      await remove(world(), "imageless");
    });

    test(
      "is mended by a right tuner",
      async () => {
        const { cluster, installation } = world();
        await installation.upgrade("images.tuner.repository=tuner", "images.tuner.tag=");
        const names = badTuners.map(({ name }) => name).filter((name) => name !== "imageless");
        const objects = names.map((name) => `infd/${name}`);
        await cluster.kubectl(
          "wait",
          "-n",
          namespace,
          ...objects,
          "--for=condition=Tuned",
          `--timeout=${longestTuningSeconds}s`,
        );
        for (const name of names) await remove(world(), name);
      },
      1000 * (longestTuningSeconds + 60),
    );
  });
}

const remove = ({ cluster }: World, name: string): Promise<string> =>
  cluster.kubectl("delete", "infd", name, "-n", namespace, "--wait=false");

const conditionOf = (run: TuningRun, type: string) => run.status?.conditions?.find((one) => one.type === type);

const failureOf = (run: TuningRun): string | null => {
  const failed = conditionOf(run, "Failed");
  return failed?.status === "True" ? failed.reason : null;
};

async function runIn({ view }: World, name: string, attempt: number, reason: string): Promise<TuningRun | null> {
  const runs = await view.runs(name);
  return runs.find((run) => run.spec.attempt === attempt && conditionOf(run, "Complete")?.reason === reason) ?? null;
}
