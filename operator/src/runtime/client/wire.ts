import {
  apiVersionOf,
  type KubernetesObject,
  type ObjectReference,
  type PathParts,
  pathOf,
  type Resource,
} from "../resource.ts";
import { errorOfStatus, localError } from "./api-error.ts";
import type { LogOptions, SelectOptions, WatchEvent } from "./client.ts";
import type { Call } from "./requester.ts";

const pods: Resource = { group: "", version: "v1", plural: "pods", kind: "Pod", namespaced: true };

/** The request for a pod's log. */
export function logCall(reference: ObjectReference, options: LogOptions): Call {
  const { container, tailLines, previous, follow, limitBytes } = options;
  const query = { container, tailLines, previous, follow, limitBytes };
  const path = pathOf(pods, { ...reference, subresource: "log" });
  const { signal, deadlineMs } = options;
  const call: Call = { verb: "log", resource: "pods/log", method: "GET", path, query, signal };
  return deadlineMs === undefined ? call : { ...call, deadlineMs };
}

export function selectQuery(options: SelectOptions): NonNullable<Call["query"]> {
  return { labelSelector: options.labelSelector, fieldSelector: options.fieldSelector };
}

export function definedParts(parts: { [K in keyof PathParts]: PathParts[K] | undefined }): PathParts {
  const { namespace, name, subresource } = parts;
  return {
    ...(namespace === undefined ? {} : { namespace }),
    ...(name === undefined ? {} : { name }),
    ...(subresource === undefined ? {} : { subresource }),
  };
}

/** Items of a list of a built-in kind come without `apiVersion` and `kind`. */
export function withType(resource: Resource, object: unknown): object {
  return { apiVersion: apiVersionOf(resource), kind: resource.kind, ...(object as object) };
}

interface RawList {
  readonly items?: object[];
  readonly metadata: { readonly resourceVersion: string; readonly continue?: string };
}

export function asList(answer: unknown): RawList {
  const list = answer as Partial<RawList> | null;
  if (typeof list?.metadata?.resourceVersion === "string") return list as RawList;
  throw localError("BadAnswer", "The answer to a list is no list: it has no metadata.resourceVersion.");
}

const eventTypes: ReadonlySet<unknown> = new Set(["ADDED", "MODIFIED", "DELETED", "BOOKMARK"]);

/** One line of a watch. @throws {ApiError} what an ERROR event says, or `BadAnswer`. */
export function parseEvent<T extends KubernetesObject>(
  resource: Resource<T>,
  what: string,
  line: string,
): WatchEvent<T> {
  const event = asJson(line) as { type?: unknown; object?: T } | null;
  if (event?.type === "ERROR") throw errorOfStatus(what, event.object);
  if (!eventTypes.has(event?.type) || typeof event?.object?.metadata?.resourceVersion !== "string") {
    throw localError("BadAnswer", `${what}: a line of the answer is no watch event.`);
  }
  return { type: event.type as WatchEvent<T>["type"], object: withType(resource, event.object) as T };
}

function asJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
}
