import fc from "fast-check";
import { expect, test } from "vitest";
import { firstOctet, freeOctet, networkPlan, nodePlan, octetCount, parseCpuList, reservedCpus } from "./plan.ts";

test("reads the kernel's lists of CPUs", () => {
  expect(parseCpuList("0-3,8\n")).toEqual([0, 1, 2, 3, 8]);
  expect(parseCpuList("5")).toEqual([5]);
  expect(parseCpuList("\n")).toEqual([]);
});

test("gives two nodes disjoint CPUs and at least one each", () => {
  const cpus = fc.uniqueArray(fc.nat(255), { minLength: 2, maxLength: 64 });
  fc.assert(
    fc.property(cpus, (all) => {
      const given = [0, 1].map((index) => {
        const reserved = new Set(reservedCpus(all, { index, count: 2 }));
        return all.filter((cpu) => !reserved.has(cpu));
      });
      expect(given.every((own) => own.length > 0)).toBe(true);
      expect(new Set(given.flat()).size).toBe(all.length);
      expect(given.flat()).toHaveLength(all.length);
    }),
  );
});

test("lets a single node keep one CPU for everything else", () => {
  expect(reservedCpus([0, 1, 2, 3], { index: 0, count: 1 })).toEqual([0]);
  expect(() => reservedCpus([0], { index: 0, count: 1 })).toThrow(/two CPUs/);
});

test("keeps nodes, pods and Services apart inside the cluster's range", () => {
  const cpus = [0, 1];
  const nodes = [0, 1].map((index) => nodePlan("demo", 70, { index, count: 2 }, cpus));
  expect(nodes.map((node) => [node.name, node.address, node.podRange, node.cgroup])).toEqual([
    ["node1", "10.70.0.1", "10.70.17.0/24", "sweetspot-demo-node1"],
    ["node2", "10.70.0.2", "10.70.18.0/24", "sweetspot-demo-node2"],
  ]);
  expect(networkPlan(70)).toMatchObject({ podRange: "10.70.16.0/20", serviceRange: "10.70.32.0/20" });
  // Linux allows 15 characters.
  expect(networkPlan(firstOctet + octetCount - 1).hostInterface.length).toBeLessThanOrEqual(15);
});

test("chooses the same free range for a name, past those of other clusters and of the host", () => {
  const first = freeOctet("demo", new Set(), []);
  expect(freeOctet("demo", new Set(), ["default", "192.0.2.0/24", "10.0.0.0/8"])).toBe(first);
  const second = freeOctet("demo", new Set([first ?? 0]), []);
  expect(second).not.toBe(first);
  const third = freeOctet("demo", new Set([first ?? 0]), [`10.${second}.3.0/24`]);
  expect([first, second]).not.toContain(third);
  expect(freeOctet("demo", new Set(), ["10.64.0.0/10", "10.128.0.0/10"])).toBeNull();
});
