import { eventually } from "./eventually.ts";
import { namespace } from "./objects.ts";
import type { World } from "./world.ts";

/** Takes the pods of a deployment away and brings one back, each as the operator says that it is done. */
export async function scaleDownAndUp(world: World, name: string): Promise<void> {
  const { view } = world;
  await scaleTo(world, name, 0);
  // The condition says what is wanted; a pod that has not gone yet would be taken for the one that is to come.
  const isDown = async () =>
    (await view.condition(name, "Ready")).reason === "ScaledToZero" &&
    (await view.infd(name)).status?.readyReplicas === 0 &&
    (await view.servers(name)).length === 0;
  await eventually("the operator has scaled it to zero", isDown, { seconds: 60 });
  await scaleTo(world, name, 1);
  await eventually("it serves again", async () => (await view.infd(name)).status?.readyReplicas === 1, { seconds: 60 });
}

async function scaleTo({ cluster }: World, name: string, replicas: number): Promise<void> {
  await cluster.kubectl("scale", "infd", name, "-n", namespace, `--replicas=${replicas}`);
}
