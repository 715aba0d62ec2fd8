import { onCluster } from "./on-cluster.ts";
import { operatorFaults } from "./scenarios/operator-faults.ts";

onCluster("The operator", { name: "e2e-operator", nodes: 1, models: ["tiny"] }, operatorFaults);
