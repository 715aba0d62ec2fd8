import { readdirSync, readFileSync } from "node:fs";
import { basename, dirname } from "node:path";
import { describe, expect, it } from "vitest";
import { documents } from "./documents.ts";
import { generatedFiles, generatedFolders, schemaOf } from "./generate.ts";

const kinds = Object.keys(documents) as (keyof typeof documents)[];

/** A document is one object, or one of several that differ in a field. */
const branchesOf = (schema: object): readonly object[] => (schema as { oneOf?: object[] }).oneOf ?? [schema];

describe("generated files", () => {
  const files = generatedFiles();

  it.each([...files.keys()].map((file) => [basename(file), file]))("%s is as committed", (_, file) => {
    expect(readFileSync(file, "utf8")).toBe(files.get(file));
  });

  it.each(Object.values(generatedFolders))("are the only ones in %s", (folder) => {
    const expected = [...files.keys()].filter((file) => dirname(file) === folder).map((file) => basename(file));
    expect(readdirSync(folder).sort()).toEqual(expected.sort());
  });

  it("are the same bytes each time", () => {
    expect([...generatedFiles()]).toEqual([...files]);
  });
});

describe("generated JSON Schemas", () => {
  it("exist for each document and name its version and kind", () => {
    for (const kind of kinds) {
      expect(schemaOf(kind)).toMatchObject({ title: kind });
      for (const branch of branchesOf(schemaOf(kind))) {
        expect(branch).toMatchObject({
          properties: { apiVersion: { const: "sweetspot.dev/v1alpha1" }, kind: { const: kind } },
          required: expect.arrayContaining(["apiVersion", "kind"]),
        });
      }
    }
  });

  it("let unknown fields pass, as the parser does", () => {
    expect(JSON.stringify(kinds.map(schemaOf))).not.toContain('additionalProperties":false');
  });
});
