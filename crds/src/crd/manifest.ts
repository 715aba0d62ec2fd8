import { stringify } from "yaml";
import * as z from "zod";
import { apiVersion } from "../common.ts";
import { schemaProblems } from "./lint.ts";
import type { CustomResource } from "./resources.ts";
import { SchemaError, type StructuralSchema, structuralSchema, type ZodJsonSchema } from "./structural-schema.ts";

export const [group = "", version = ""] = apiVersion.split("/");

/** The structural schema of a resource. Throws `SchemaError` when the API server or our linter would not have it. */
export function schemaOfResource(resource: CustomResource): StructuralSchema {
  const json = z.toJSONSchema(resource.schema, {
    target: "openapi-3.0",
    io: "input",
    reused: "inline",
  }) as ZodJsonSchema;
  const { apiVersion: _, kind: __, metadata, ...own } = json.properties ?? {};
  const schema = structuralSchema({ ...json, properties: own });
  const properties = { ...envelopeProperties, metadata: metadataSchema(metadata), ...schema.properties };
  const whole = { ...schema, required: ["metadata", "spec"], properties };
  const problems = schemaProblems(whole);
  if (problems.length > 0) throw new SchemaError(`${resource.kind}:\n${problems.join("\n")}`);
  return whole;
}

/** Only the name may be narrowed: the API server owns the rest of the metadata. */
function metadataSchema(metadata: ZodJsonSchema | undefined): StructuralSchema {
  const { type, maxLength, pattern } = structuralSchema(metadata?.properties?.["name"] ?? {});
  const name = { description: "Name of the object.", type, maxLength, pattern } as StructuralSchema;
  return { type: "object", properties: { name } };
}

const envelopeProperties = {
  apiVersion: { description: `Version of this schema: ${apiVersion}.`, type: "string", maxLength: 64 },
  kind: { description: "Kind of the object.", type: "string", maxLength: 64 },
};

/** The CustomResourceDefinition of a resource. */
function manifestOf(resource: CustomResource): object {
  const { kind, plural, singular, shortNames, columns, scale } = resource;
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      scope: "Namespaced",
      names: {
        kind,
        listKind: `${kind}List`,
        plural,
        singular,
        shortNames: [...shortNames],
        categories: ["all", "sweetspot"],
      },
      versions: [
        {
          name: version,
          served: true,
          storage: true,
          additionalPrinterColumns: columns,
          subresources: { status: {}, ...(scale === undefined ? {} : { scale }) },
          schema: { openAPIV3Schema: schemaOfResource(resource) },
        },
      ],
    },
  };
}

/** YAML as Kubernetes reads it: version 1.1, where a bare `Off` is a boolean, so that such words are quoted. */
export function manifestText(resource: CustomResource): string {
  const yaml = stringify(manifestOf(resource), { version: "1.1", lineWidth: 120, aliasDuplicateObjects: false });
  return `# Generated from crds/src/api: do not edit.\n${yaml.replace(/^%YAML.*\n---\n/, "")}`;
}
