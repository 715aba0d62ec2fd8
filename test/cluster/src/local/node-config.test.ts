import { expect, test } from "vitest";
import { cpuReservation } from "./node-config.ts";

test("reserves the lowest CPUs by amount, which leaves room for small pods, and others by name", () => {
  expect(cpuReservation([0])).toEqual({ systemReserved: { cpu: "900m" } });
  expect(cpuReservation([0, 1])).toEqual({ systemReserved: { cpu: "1900m" } });
  expect(cpuReservation([1])).toEqual({ reservedSystemCPUs: "1" });
});
