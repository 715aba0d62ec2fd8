import { readdirSync, readFileSync } from "node:fs";
import { basename, dirname } from "node:path";
import { describe, expect, it } from "vitest";
import { documents } from "./documents.ts";
import { generatedFiles, schemaOf } from "./generate.ts";

describe("generated JSON Schemas", () => {
  it("are as committed, and there are no others", () => {
    const files = generatedFiles();
    const folder = dirname([...files.keys()][0] ?? "");
    expect(readdirSync(folder).sort()).toEqual([...files.keys()].map((file) => basename(file)).sort());
    for (const [file, content] of files) expect(readFileSync(file, "utf8")).toBe(content);
  });

  it("exist for each document and name its version and kind", () => {
    for (const kind of Object.keys(documents) as (keyof typeof documents)[]) {
      expect(schemaOf(kind)).toMatchObject({
        title: kind,
        properties: { apiVersion: { const: "sweetspot.dev/v1alpha1" }, kind: { const: kind } },
        required: expect.arrayContaining(["apiVersion", "kind"]),
      });
    }
  });

  it("let unknown fields pass, as the parser does", () => {
    expect(JSON.stringify(schemaOf("TuningReport"))).not.toContain('additionalProperties":false');
  });
});
