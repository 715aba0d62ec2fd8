import { readFileSync } from "node:fs";
import { join } from "node:path";
import { operatorNodeFlags } from "@sweetspot/operator/node-flags";
import { expect, it } from "vitest";

const root = join(import.meta.dirname, "..", "..", "..");

it("an operator's memory is measured with the Node flags of its image", () => {
  const containerfile = readFileSync(join(root, "images", "Containerfile"), "utf8");
  const command = /^ENTRYPOINT (\[.*operator.*\])$/m.exec(containerfile)?.[1] ?? "[]";
  expect(JSON.parse(command).slice(1, -1)).toEqual(operatorNodeFlags);
});
