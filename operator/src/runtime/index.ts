export { type Applied, Applier } from "./apply/applier.ts";
export type { Cache, Change, ReadCache } from "./cache/store.ts";
export { ApiError } from "./client/api-error.ts";
export { KubeClient, type Manifest } from "./client/client.ts";
export { type Connection, defaultConnection, inClusterConnection, kubeconfigConnection } from "./client/connection.ts";
export { OutageGate } from "./client/outage-gate.ts";
export { httpTransport, type Transport, type TransportRequest } from "./client/transport.ts";
export { type Clock, microTime, sleep, systemClock } from "./clock.ts";
export type { EventNote, Occurrence } from "./events/event-record.ts";
export { EventRecorder } from "./events/event-recorder.ts";
export { LeaseLostError } from "./lease/leader-elector.ts";
export type { Controller, ControllerOptions, Enqueue, ReconcileContext } from "./manager/controller.ts";
export type { Logger } from "./manager/logger.ts";
export { type CacheOptions, Manager, type ManagerOptions } from "./manager/manager.ts";
export { done, type Outcome, requeueAfter, retriable, terminal } from "./manager/outcome.ts";
export { waitingFor } from "./manager/waits.ts";
export {
  apiVersionOf,
  type KubernetesObject,
  keyOf,
  keyOfObject,
  type ObjectMeta,
  type ObjectReference,
  type OwnerReference,
  type Resource,
  referenceOf,
} from "./resource.ts";
