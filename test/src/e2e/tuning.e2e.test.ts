import { onCluster } from "./on-cluster.ts";
import { usedRights } from "./scenarios/rights.ts";
import { specChanges } from "./scenarios/spec-changes.ts";
import { tuningFaults } from "./scenarios/tuning-faults.ts";

onCluster("Tuning that does not go smoothly", { name: "e2e-tuning", nodes: 2, models: ["tiny"] }, (world) => {
  tuningFaults(world);
  specChanges(world);
  usedRights(world);
});
