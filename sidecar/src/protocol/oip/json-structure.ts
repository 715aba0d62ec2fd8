import { ApiError } from "../errors.ts";

/**
 * Limits of the JSON part of a request. A list, an object or a string costs the parser about a microsecond and some
 * fifty bytes, however short it is, so that a body of nothing but them would hold up all other requests for seconds;
 * numbers cost a tenth of that.
 */
export const jsonLimits = {
  bytes: 16 * 1024 * 1024,
  /** Lists, objects and strings together; names count as strings. */
  parts: 262_144,
  depth: 64,
  /** Shorter documents cannot do harm. */
  uncheckedBytes: 64 * 1024,
} as const;

const codeOf = (character: string): number => character.charCodeAt(0);
const quote = codeOf('"');
const backslash = codeOf("\\");
const [opening, closing] = [1, 2];
const kinds = new Uint8Array(256);
for (const character of "[{") kinds[codeOf(character)] = opening;
for (const character of "]}") kinds[codeOf(character)] = closing;
kinds[quote] = 3;

/** Refuses a JSON text by its size and structure before it is parsed. Throws `ApiError`; broken JSON is not found here. */
export function checkJsonStructure(json: Uint8Array): void {
  const { bytes, uncheckedBytes } = jsonLimits;
  if (json.length <= uncheckedBytes) return;
  if (json.length > bytes) throw new ApiError("JsonTooLarge", { limit: bytes });
  if (!isFlat(json)) checkEveryPart(json);
}

/** Most large requests are flat lists of numbers. To find that out costs a fiftieth of looking at each byte. */
const isFlat = (json: Uint8Array): boolean =>
  // So few lists and objects cannot be nested deeper than the limit.
  !occursOftener(json, "[", jsonLimits.depth / 2) &&
  !occursOftener(json, "{", jsonLimits.depth / 2) &&
  !occursOftener(json, '"', 1024);

function occursOftener(json: Uint8Array, character: string, most: number): boolean {
  const code = codeOf(character);
  let found = 0;
  for (let at = json.indexOf(code); at !== -1; at = json.indexOf(code, at + 1)) {
    found += 1;
    if (found > most) return true;
  }
  return false;
}

function checkEveryPart(json: Uint8Array): void {
  const { parts, depth } = jsonLimits;
  let found = 0;
  let level = 0;
  for (let at = 0; at < json.length; at += 1) {
    const kind = kinds[json[at] as number];
    if (kind === 0) continue;
    if (kind === closing) {
      level -= 1;
      continue;
    }
    found += 1;
    if (kind === opening) level += 1;
    else at = endOfString(json, at + 1);
    if (found > parts || level > depth) throw new ApiError("JsonTooComplex", { parts, depth });
  }
}

/** Where the string that begins at `start` has its closing quote; the end of the text where it has none. */
function endOfString(json: Uint8Array, start: number): number {
  for (let end = json.indexOf(quote, start); end !== -1; end = json.indexOf(quote, end + 1)) {
    let escapes = 0;
    while (json[end - 1 - escapes] === backslash && end - escapes > start) escapes += 1;
    if (escapes % 2 === 0) return end;
  }
  return json.length;
}
