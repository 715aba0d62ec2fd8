import { KubeClient } from "../client/client.ts";
import type { ClientOptions } from "../client/requester.ts";
import type { Logger } from "../manager/logger.ts";
import type { KubernetesObject, ObjectMeta, Resource } from "../resource.ts";
import { FakeApiServer } from "./fake-api-server.ts";
import { seededRandom, VirtualClock } from "./virtual-clock.ts";

export interface ConfigMap extends KubernetesObject {
  readonly data?: Readonly<Record<string, string>>;
}

export const configMaps: Resource<ConfigMap> = {
  group: "",
  version: "v1",
  plural: "configmaps",
  kind: "ConfigMap",
  namespaced: true,
};

export function configMap(
  name: string,
  data: Record<string, string> = {},
  metadata: Partial<ObjectMeta> = {},
): ConfigMap {
  return { metadata: { namespace: "shop", name, ...metadata }, data };
}

/** Virtual time, a fake API server on it and a client to it. */
export function fakeWorld(options: Partial<ClientOptions> = {}) {
  const clock = new VirtualClock();
  const server = new FakeApiServer(clock);
  const random = seededRandom();
  const client = new KubeClient({ transport: server, clock, random, ...options });
  return { clock, server, random, client };
}

export const silentLogger: Logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
