import { describe, expect, test } from "vitest";
import { eventually } from "../eventually.ts";
import { operatorSelector, release, systemNamespace } from "../installation.ts";
import { namespace } from "../objects.ts";
import type { World } from "../world.ts";

/** The end of an installation that serves something. */
export function removal(world: () => World): void {
  describe("the installation", () => {
    test("is uninstalled without a trace but the definitions, which are kept, and what they serve goes on", async () => {
      const { cluster, installation } = world();
      await installation.helm("uninstall", release, "--namespace", systemNamespace, "--wait", "--timeout", "60s");
      const kinds = "deployments,services,serviceaccounts,roles,rolebindings,configmaps,pods";
      await eventually(
        "nothing of the release is left in its namespace",
        async () =>
          (await cluster.kubectl("get", kinds, "-n", systemNamespace, "-l", operatorSelector, "-o", "name")).trim() ===
          "",
        { seconds: 60 },
      );
      const clusterWide =
        "clusterroles,clusterrolebindings,validatingadmissionpolicies,validatingadmissionpolicybindings";
      expect((await cluster.kubectl("get", clusterWide, "-l", operatorSelector, "-o", "name")).trim()).toBe("");
      expect(await cluster.kubectl("get", "crd", "-o", "name")).toMatch(/inferencedeployments\.sweetspot\.dev/);
      expect(await cluster.kubectl("get", "pods", "-n", namespace, "-o", "name")).toMatch(/pod\//);
    });
  });
}
