import { describe, expect, test } from "vitest";
import { modelImages } from "../model-images.ts";
import { inferenceDeployment, namespace, shortest } from "../objects.ts";
import type { World } from "../world.ts";

const name = "hasty";

/** No error: the tuner's answer is that it cannot be done, and how near one gets. */
export function infeasibleTarget(world: () => World): void {
  describe("a target that cannot be met", () => {
    test("is answered as infeasible, with the best reachable, and served all the same", async () => {
      const { cluster, view } = world();
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
  });
}
