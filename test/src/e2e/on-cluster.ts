import { afterAll, beforeAll, describe } from "vitest";
import { type ClusterOptions, startCluster } from "../../cluster/src/index.ts";
import { withoutCluster } from "../../cluster/src/testing/host.ts";
import { imageArchives, install } from "./installation.ts";
import { loadModelImage, type modelImages } from "./model-images.ts";
import { restrictedNamespace } from "./objects.ts";
import { World } from "./world.ts";

interface Place extends Pick<ClusterOptions, "name" | "nodes"> {
  readonly models: readonly (keyof typeof modelImages)[];
}

/**
 * Describes scenarios that follow each other on a cluster of their own, with Sweetspot installed. Each node has one CPU to
 * give away, which all clusters, control planes and clients share: good for behaviour, not for speed.
 */
export function onCluster(about: string, place: Place, scenarios: (world: () => World) => void): void {
  describe.skipIf(withoutCluster)(about, () => {
    let shared: World | undefined;

    beforeAll(async () => {
      shared = await prepare(place);
    }, 900_000);

    afterAll(async () => {
      await shared?.cluster.down();
    }, 60_000);

    scenarios(() => {
      if (shared === undefined) throw new Error("The cluster did not come up.");
      return shared;
    });
  });
}

async function prepare({ name, nodes, models }: Place): Promise<World> {
  const say = (text: string) => console.log(`${name}: ${text}`);
  const cluster = await startCluster({ name, nodes, say, images: await imageArchives(say) });
  try {
    await cluster.kubectl.apply(restrictedNamespace);
    const installation = await install(cluster, say);
    for (const model of models) await loadModelImage(cluster, model);
    return new World(installation);
  } catch (error) {
    await cluster.down();
    throw error;
  }
}
