import { describeEnvironment } from "@sweetspot/tuner";
import { expect, it } from "vitest";
import { machineOf } from "./machine.ts";

it("tells machines apart whose CPUs have one name", async () => {
  const here = { ...(await describeEnvironment()), instructionSets: ["avx2"] };
  const there = { ...here, instructionSets: ["avx2", "avx512_vnni"] };
  expect(machineOf(there)).not.toBe(machineOf(here));
  expect(machineOf({ ...here, usableCpus: here.usableCpus + 1 })).not.toBe(machineOf(here));
  expect(machineOf({ ...here, memoryBytes: 1, kernel: "another" })).toBe(machineOf(here));
});
