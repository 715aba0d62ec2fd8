import type { Choices } from "./choices.ts";

type Json = null | boolean | number | string | Json[] | { [name: string]: Json };

/** Where a value hangs: in a list or an object. */
interface Place {
  readonly holder: Json[] | { [name: string]: Json };
  readonly key: string;
}

const nested = (depth: number): Json => {
  let value: Json = [];
  for (let i = 0; i < depth; i += 1) value = i % 2 === 0 ? [value] : { a: value };
  return value;
};

/** Values that have broken servers. Made anew each time, because mutations change them. */
const nastyValues: readonly (() => Json)[] = [
  () => null,
  () => true,
  () => 0,
  () => -1,
  () => 1.5,
  () => 1e308,
  () => 2 ** 31,
  () => 2 ** 40,
  () => 2 ** 53,
  () => 2 ** 62 + 2,
  () => "",
  () => "x\u0000y",
  () => "\u202e\ud800",
  () => "NaN",
  () => "BYTES",
  () => "FP16",
  () => "a".repeat(3000),
  () => [],
  () => ({}),
  () => [[]],
  () => ({ toString: 1, valueOf: 1, toJSON: 1 }),
  () => ({ constructor: { prototype: 1 } }),
  () => nested(300),
  () => Array.from({ length: 2000 }, (_, i) => i),
];

/** Names of fields that the protocol knows, and some that objects have anyway. */
const names = ["inputs", "outputs", "parameters", "id", "name", "shape", "datatype", "data", "binary_data_size"];
const strangeNames = ["__proto__", "constructor", "length", "shared_memory_region", "classification", "timeout", ""];

/** Raw texts that no serializer writes. */
const brokenTexts = ["NaN", "-Infinity", "1e999", "01", "[1,]", "{'a':1}", '"\\x"', "// a", "-", "\ufeff1"];

/** Changes a JSON text at one to three places of its structure. What is no JSON comes back as it is. */
export function mutateJson(text: string, choices: Choices): string {
  let document: Json;
  try {
    document = JSON.parse(text);
  } catch {
    return text;
  }
  const root = { "": document };
  for (let count = 1 + choices.below(3); count > 0; count -= 1) mutatePlace(choices.of(placesOf(root)), choices);
  const written = JSON.stringify(root[""]) ?? "";
  return choices.chance(0.1) ? breakText(written, choices) : written;
}

function placesOf(holder: Place["holder"]): Place[] {
  const own = Object.keys(holder).map((key) => ({ holder, key }));
  const inner = Object.values(holder).flatMap((value) =>
    typeof value === "object" && value !== null && !isLong(value) ? placesOf(value) : [],
  );
  return [...own, ...inner];
}

/** Lists of numbers would outweigh all other places. */
const isLong = (value: object): boolean => Array.isArray(value) && value.length > 40;

const mutatePlace = (place: Place, choices: Choices): void => choices.of(mutations)(place, choices);

const valueAt = ({ holder, key }: Place): Json => (holder as Record<string, Json>)[key] as Json;

function put({ holder, key }: Place, value: Json): void {
  // Plain assignment would take "__proto__" for something else.
  Object.defineProperty(holder, key, { value, enumerable: true, configurable: true, writable: true });
}

const mutations: readonly ((place: Place, choices: Choices) => void)[] = [
  (place, choices) => put(place, choices.of(nastyValues)()),
  (place, choices) => put(place, choices.of(nastyValues)()),
  ({ holder, key }) => {
    if (Array.isArray(holder)) holder.splice(Number(key), 1);
    else if (key !== "") delete holder[key];
  },
  ({ holder, key }) => {
    if (Array.isArray(holder)) holder.push(structuredClone(holder[Number(key)] ?? null));
  },
  (place) => put(place, [valueAt(place)]),
  (place) => put(place, { value: valueAt(place) }),
  ({ holder, key }, choices) => {
    const name = choices.of([...names, ...strangeNames]);
    if (!Array.isArray(holder) && key !== "") put({ holder, key: name }, holder[key] as Json);
  },
  (place, choices) => {
    const value = valueAt(place);
    if (typeof value === "number") put(place, value + choices.of([-1, 1, 0.5, 2 ** 32, -(2 ** 53)]));
    else if (typeof value === "string") put(place, value + choices.of([" ", "\u0000", "é", "'"]));
  },
  (place) => {
    const value = valueAt(place);
    if (Array.isArray(value) && value.length < 40) put(place, [...value, ...value]);
  },
];

/** Puts a text that is no JSON in the place of a number, or a name twice into an object. */
function breakText(text: string, choices: Choices): string {
  const replaced = choices.of(brokenTexts);
  if (choices.chance(0.5)) return text.replace(/\d+/, () => replaced);
  return text.replace("{", () => `{"inputs":${replaced},"id":"twice",`);
}
