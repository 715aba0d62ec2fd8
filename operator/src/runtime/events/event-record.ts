import { createHash } from "node:crypto";
import { microTime } from "../clock.ts";
import { apiVersionOf, type KubernetesObject, type Resource } from "../resource.ts";

export interface EventSource {
  /** `sweetspot.dev/operator`: a qualified name. */
  readonly controller: string;
  /** The process, usually the pod's name. */
  readonly instance: string;
}

export interface EventNote {
  readonly type: "Normal" | "Warning";
  /** CamelCase, why: the reason of a condition, say. */
  readonly reason: string;
  /** CamelCase, what was done or tried. */
  readonly action: string;
  /** A sentence for people. */
  readonly note: string;
}

export interface EventObject extends KubernetesObject {
  readonly eventTime: string;
  readonly series?: { readonly count: number; readonly lastObservedTime: string };
  readonly reportingController: string;
  readonly reportingInstance: string;
  readonly type: string;
  readonly reason: string;
  readonly action: string;
  readonly note: string;
  readonly regarding: Readonly<Record<string, string | undefined>>;
}

export const events: Resource<EventObject> = {
  group: "events.k8s.io",
  version: "v1",
  plural: "events",
  kind: "Event",
  namespaced: true,
};

/** What is told about one object; events with the same key are one series. */
export interface Occurrence extends EventNote {
  readonly resource: Resource;
  readonly object: KubernetesObject;
}

/** Equal for occurrences that differ only in time. */
export function seriesKey({ resource, object, type, reason, action, note }: Occurrence): string {
  const { namespace = "", name, uid = "" } = object.metadata;
  return [resource.group, resource.kind, namespace, name, uid, type, reason, action, note].join("\n");
}

/** The Event of a first occurrence. Texts are cut to what the API server takes. */
export function eventOf(occurrence: Occurrence, source: EventSource, wallTime: number): EventObject {
  const { resource, object, type, reason, action, note } = occurrence;
  const { namespace, name, uid, resourceVersion } = object.metadata;
  const time = microTime(wallTime);
  const suffix = createHash("sha256")
    .update(`${seriesKey(occurrence)}\n${source.instance}\n${time}`)
    .digest("hex");
  return {
    // Events about cluster-scoped objects live in `default`: there the API server wants them.
    metadata: { namespace: namespace ?? "default", name: `${name.slice(0, 230)}.${suffix.slice(0, 16)}` },
    eventTime: time,
    reportingController: source.controller,
    reportingInstance: source.instance.slice(0, 128),
    type,
    reason: reason.slice(0, 128),
    action: action.slice(0, 128),
    note: cutToBytes(note, 1_024),
    regarding: { apiVersion: apiVersionOf(resource), kind: resource.kind, namespace, name, uid, resourceVersion },
  };
}

function cutToBytes(text: string, bytes: number): string {
  const encoded = Buffer.from(text, "utf8");
  if (encoded.byteLength <= bytes) return text;
  // A character that is cut in two decodes to U+FFFD, which is taken away; the ellipsis needs three bytes.
  return `${encoded
    .subarray(0, bytes - 3)
    .toString("utf8")
    .replace(/\uFFFD$/, "")}\u2026`;
}
