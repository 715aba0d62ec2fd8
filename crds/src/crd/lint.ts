import type { StructuralSchema } from "./structural-schema.ts";

type Check = (schema: StructuralSchema, path: string) => string | false | undefined;

/**
 * What the API server does not ask for and we do: bounds, because the cost of CEL is estimated from them and etcd holds
 * what they allow; descriptions, because `kubectl explain` prints them; types of lists and maps, because server-side apply merges by them.
 */
const checks: readonly Check[] = [
  ({ type }) => type === undefined && "it has no type",
  ({ type, maxLength, enum: values, format }) =>
    type === "string" &&
    maxLength === undefined &&
    values === undefined &&
    format === undefined &&
    "a string without bound",
  ({ type, maxItems }) => type === "array" && maxItems === undefined && "a list without bound",
  ({ type, "x-kubernetes-list-type": listType }) => type === "array" && listType === undefined && "a list without type",
  ({ additionalProperties, maxProperties }) =>
    additionalProperties !== undefined && maxProperties === undefined && "a map without bound",
  ({ additionalProperties, "x-kubernetes-map-type": mapType }) =>
    additionalProperties !== undefined && mapType === undefined && "a map without type",
  ({ type, minimum }) => type === "integer" && minimum === undefined && "an integer without lower bound",
  ({ type, maximum }, path) =>
    isInSpec(path) && type === "integer" && maximum === undefined && "an integer without upper bound",
  ({ type }, path) => isInSpec(path) && type === "number" && "a float in spec",
  ({ type, properties, additionalProperties }, path) =>
    type === "object" &&
    Object.keys(properties ?? {}).length === 0 &&
    additionalProperties === undefined &&
    path !== ".metadata" &&
    "an object without fields",
  ({ pattern }) => pattern !== undefined && /\(\?[=!<]|\\[1-9]/.test(pattern) && "a pattern that RE2 does not know",
  ({ default: value, required }) => value !== undefined && required?.length === 0 && "an empty list of required fields",
  keysAreRequired,
];

const isInSpec = (path: string): boolean => path.startsWith(".spec");

/** Items of a keyed list are told apart by fields that each of them must have. */
function keysAreRequired({ "x-kubernetes-list-map-keys": keys = [], items }: StructuralSchema): string | undefined {
  const missing = keys.find((key) => items?.required?.includes(key) !== true);
  return missing === undefined ? undefined : `its key ${missing} is not required`;
}

const isDescribed = ({ description = "" }: StructuralSchema): boolean => /[.:`]$/.test(description);

/** Sentences about a structural schema, each beginning with the path of a field; empty when all is well. */
export function schemaProblems(schema: StructuralSchema, path = ""): string[] {
  const own = checks.map((check) => check(schema, path)).filter((problem) => typeof problem === "string");
  const fields = Object.entries(schema.properties ?? {}).flatMap(([name, child]) => {
    const inner = `${path}.${name}`;
    const described =
      isDescribed(child) || inner === ".metadata" ? [] : [`${inner}: no description that is a sentence`];
    return [...described, ...schemaProblems(child, inner)];
  });
  return [
    ...own.map((problem) => `${path || "(root)"}: ${problem}`),
    ...fields,
    ...(schema.items === undefined ? [] : schemaProblems(schema.items, `${path}[]`)),
    ...(schema.additionalProperties === undefined ? [] : schemaProblems(schema.additionalProperties, `${path}.*`)),
  ];
}
