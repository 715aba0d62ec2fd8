import { describe, expect, test } from "vitest";
import { eventually } from "../eventually.ts";
import { modelImages } from "../model-images.ts";
import { inferenceDeployment, namespace, shortest, tunable } from "../objects.ts";
import { scaleDownAndUp } from "../scale.ts";
import { tinyRequest } from "../tiny-request.ts";
import type { World } from "../world.ts";

const name = "moved";
const samples = "requests";
const ofOldTarget = `sweetspot.dev/inference-deployment=${name},sweetspot.dev/target=cpu`;

/** What users change while things are under way. */
export function specChanges(world: () => World): void {
  describe("a changed spec", () => {
    test("names samples that are not there, and tunes with them once they are", async () => {
      const { cluster, view } = world();
      const spec = { ...shortest, workload: { samples: { configMap: { name: samples, key: "requests.jsonl" } } } };
      await cluster.kubectl.apply(inferenceDeployment({ name, image: modelImages.tiny, resources: tunable, spec }));
      await eventually(
        "the missing samples are named",
        async () =>
          /no key requests\.jsonl in a ConfigMap requests/.test((await view.condition(name, "Tuned")).message),
        { seconds: 60 },
      );
      const data = { "requests.jsonl": `${tinyRequest()}\n`.repeat(40) };
      await cluster.kubectl.apply({
        apiVersion: "v1",
        kind: "ConfigMap",
        metadata: { name: samples, namespace },
        data,
      });
      await eventually("the next attempt runs", async () => (await view.condition(name, "Tuned")).reason === "Tuning", {
        seconds: 60,
      });
    });

    test("takes everything of a target with it that it no longer names, its run included", async () => {
      const { cluster, view } = world();
      const before = await cluster.kubectl("get", "tune", "-n", namespace, "-l", ofOldTarget, "-o", "name");
      expect(before).toMatch(/tuningrun/);
      const patch = { spec: { targets: [{ name: "renamed", resources: tunable }], tuning: { mode: "Disabled" } } };
      await cluster.kubectl("patch", "infd", name, "-n", namespace, "--type=merge", "-p", JSON.stringify(patch));
      const kinds = "deployments,configmaps,serviceaccounts,poddisruptionbudgets,tune,jobs,pods";
      await eventually(
        "nothing of the old target is left",
        async () =>
          (await cluster.kubectl("get", kinds, "-n", namespace, "-l", ofOldTarget, "-o", "name")).trim() === "",
        { seconds: 90, everyMilliseconds: 1000 },
      );
      await eventually(
        "the new target serves",
        async () =>
          (await view.infd(name)).status?.targets?.every(
            (target) => target.name === "renamed" && target.readyReplicas === 1,
          ) ?? false,
        { seconds: 60 },
      );
    });

    test("back and forth becomes a series of one event", async () => {
      const { cluster } = world();
      for (const _ of ["once", "and again"]) await scaleDownAndUp(world(), name);
      await eventually(
        "an event has a series",
        async () => {
          const { items } = await cluster.kubectl.json<{ items: { series?: { count: number } }[] }>(
            ...["get", "events.events.k8s.io", "-n", namespace],
          );
          return items.some(({ series }) => (series?.count ?? 0) > 1);
        },
        { seconds: 60, everyMilliseconds: 1000 },
      );
      await cluster.kubectl("delete", "infd", name, "-n", namespace, "--wait=false");
    });
  });
}
