import { onCluster } from "./on-cluster.ts";
import { userFaults } from "./scenarios/faults.ts";
import { infeasibleTarget } from "./scenarios/infeasible.ts";
import { mainPath } from "./scenarios/main-path.ts";
import { planChanges } from "./scenarios/plan-changes.ts";
import { removal } from "./scenarios/removal.ts";

const models = ["recogniser", "tiny", "broken"] as const;

onCluster("Sweetspot on two nodes", { name: "e2e-main-path", nodes: 2, models }, (world) => {
  mainPath(world);
  infeasibleTarget(world);
  planChanges(world);
  userFaults(world);
  removal(world);
});
