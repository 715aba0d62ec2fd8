import type { Cluster } from "../../cluster/src/cluster.ts";
import type { Installation } from "./installation.ts";
import { NamespaceView } from "./namespace-view.ts";

/** What the scenarios on one cluster share. */
export class World {
  readonly installation: Installation;
  readonly view: NamespaceView;

  constructor(installation: Installation) {
    this.installation = installation;
    this.view = new NamespaceView(installation.cluster);
  }

  get cluster(): Cluster {
    return this.installation.cluster;
  }
}
