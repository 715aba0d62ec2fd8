import { createHash } from "node:crypto";

/** `sha256:` digest of bytes or UTF-8 text. */
export function sha256(content: string | Uint8Array): string {
  return `sha256:${createHash("sha256").update(content).digest("hex")}`;
}

/** Digest of a document that does not depend on the order of its keys. */
export function digestOf(document: unknown): string {
  return sha256(canonicalJson(document));
}

/** JSON with sorted keys and without white space, after RFC 8785 for the values that occur in documents. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
  if (value !== null && typeof value === "object") {
    const entries = Object.entries(value)
      .filter(([, item]) => item !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, item]) => `${JSON.stringify(key)}:${canonicalJson(item)}`);
    return `{${entries.join(",")}}`;
  }
  return JSON.stringify(value);
}
