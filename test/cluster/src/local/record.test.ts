import { expect, test } from "vitest";
import { checkName, stateRoot } from "./record.ts";

test("takes only names that can be a folder, a cgroup and part of a host name", () => {
  for (const name of ["a", "demo", "e2e-two-nodes", "x".repeat(20)]) expect(() => checkName(name)).not.toThrow();
  for (const name of ["", "..", "a/b", "Demo", "-a", "a-", "a_b", "x".repeat(21)]) {
    expect(() => checkName(name)).toThrow(/cannot name a cluster/);
  }
});

test("keeps state outside the checkout, where the environment says", () => {
  expect(stateRoot({ XDG_STATE_HOME: "/state" })).toBe("/state/sweetspot/clusters");
  expect(stateRoot({ XDG_STATE_HOME: "/state", SWEETSPOT_CLUSTER_STATE: "/own" })).toBe("/own");
  expect(stateRoot({})).toMatch(/\.local\/state\/sweetspot\/clusters$/);
});
