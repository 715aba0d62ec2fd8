import * as z from "zod";
import type { RuleMetadata } from "../api/rules.ts";
import { customResources } from "../crd/resources.ts";

/** All rules of all resources by name. */
export function ruleCatalogue(): ReadonlyMap<string, RuleMetadata> {
  const schemas = customResources.map(({ schema }) =>
    z.toJSONSchema(schema, { target: "openapi-3.0", io: "input", reused: "inline" }),
  );
  return new Map(schemas.flatMap(rulesIn).map((rule) => [rule.name, rule]));
}

function rulesIn(schema: unknown): RuleMetadata[] {
  if (schema === null || typeof schema !== "object") return [];
  const own = (schema as { rules?: RuleMetadata[] }).rules ?? [];
  return [...own, ...Object.values(schema).flatMap(rulesIn)];
}
