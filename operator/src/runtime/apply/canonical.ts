import { createHash } from "node:crypto";

/** JSON with sorted keys: equal values have equal texts. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, member: unknown) => {
    if (typeof member !== "object" || member === null || Array.isArray(member)) return member;
    return Object.fromEntries(Object.entries(member).sort(([one], [other]) => (one < other ? -1 : 1)));
  });
}

/** SHA-256 of the canonical JSON. */
export function digestOf(value: unknown): string {
  return createHash("sha256").update(canonicalJson(value)).digest("base64");
}

/**
 * The part of `live` that `desired` speaks of: the members that desired objects name, down to the leaves. Lists are
 * projected element by element and keep their length, so that an added, removed or moved element shows.
 */
export function projectOn(desired: unknown, live: unknown): unknown {
  if (Array.isArray(desired) && Array.isArray(live)) {
    return live.map((element, at) => (at < desired.length ? projectOn(desired[at], element) : element));
  }
  if (!isObject(desired) || !isObject(live)) return live ?? null;
  return Object.fromEntries(Object.entries(desired).map(([name, member]) => [name, projectOn(member, live[name])]));
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
