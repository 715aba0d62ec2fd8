import { describe, expect, test } from "vitest";
import { grantsOf, rightsOf, rightsUsed } from "../../chart/grants.ts";
import type { Manifest } from "../../chart/helm.ts";
import { operatorAccount, operatorName } from "../installation.ts";
import type { World } from "../world.ts";

/** Must follow scenarios in which the operator did all that it ever does. */
export function usedRights(world: () => World): void {
  describe("the operator", () => {
    test("used exactly the rights that it has", async () => {
      const { cluster } = world();
      const used = rightsUsed(await cluster.auditLog(), operatorAccount);
      const kinds = "roles,rolebindings,clusterroles,clusterrolebindings";
      const { items } = await cluster.kubectl.json<{ items: Manifest[] }>("get", kinds, "-A");
      expect(used).toEqual(rightsOf(grantsOf(items, operatorName)));
    });
  });
}
