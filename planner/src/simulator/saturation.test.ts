import { expect, it } from "vitest";
import { linearLaw, serverOf } from "../testing/servers.ts";
import { simulateSaturation } from "./saturation.ts";

const load = { shapes: [{ rows: 1, length: 32, group: "" }], clients: 8, frontRequestsPerSecond: 300, seed: 1 };

it("the rate of a server that never waits is what its engines can do", () => {
  expect(simulateSaturation(serverOf(linearLaw, {}), load)).toBeCloseTo(1e6 / 3300, 6);
  expect(simulateSaturation(serverOf(linearLaw, {}, 2), load)).toBeCloseTo(2e6 / 3300, 6);
});

it("few clients make small batches", () => {
  const server = serverOf(linearLaw, { maximumRows: 16 });
  // Beside the one batch that is computed, seven wait.
  expect(simulateSaturation(server, load) / (7e6 / linearLaw(7))).toBeCloseTo(1, 2);
  expect(simulateSaturation(server, { ...load, clients: 64 })).toBeGreaterThan(1.1 * simulateSaturation(server, load));
});
