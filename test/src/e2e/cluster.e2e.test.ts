import { afterAll, beforeAll, describe } from "vitest";
import { startCluster } from "../../cluster/src/index.ts";
import { withoutCluster } from "../../cluster/src/testing/host.ts";
import { install } from "./installation.ts";
import { loadModelImage } from "./model-images.ts";
import { restrictedNamespace } from "./objects.ts";
import { userFaults } from "./scenarios/faults.ts";
import { installationFacts } from "./scenarios/installation-facts.ts";
import { mainPath } from "./scenarios/main-path.ts";
import { operatorFaults } from "./scenarios/operator-faults.ts";
import { planChanges } from "./scenarios/plan-changes.ts";
import { specChanges } from "./scenarios/spec-changes.ts";
import { tuningFaults } from "./scenarios/tuning-faults.ts";
import { World } from "./world.ts";

/**
 * Two real nodes with one exclusive CPU each, which control plane and clients share: good for behaviour, not for speed.
 * The scenarios follow each other on one cluster and end with the removal of the release.
 */
let shared: World | undefined;

const world = (): World => {
  if (shared === undefined) throw new Error("The cluster did not come up.");
  return shared;
};

beforeAll(async () => {
  if (withoutCluster) return;
  const say = (text: string) => console.log(text);
  const cluster = await startCluster({ name: "e2e-sweetspot", nodes: 2, say });
  try {
    await cluster.kubectl.apply(restrictedNamespace);
    const installation = await install(cluster, say);
    for (const name of ["recogniser", "tiny", "broken"] as const) await loadModelImage(cluster, name);
    shared = new World(installation);
  } catch (error) {
    await cluster.down();
    throw error;
  }
}, 900_000);

afterAll(async () => {
  await shared?.cluster.down();
}, 60_000);

describe.skipIf(withoutCluster)("Sweetspot on a cluster", () => {
  mainPath(world);
  planChanges(world);
  userFaults(world);
  tuningFaults(world);
  specChanges(world);
  operatorFaults(world);
  installationFacts(world);
});
