import { chmod, copyFile, readFile } from "node:fs/promises";
import { join } from "node:path";
import { cached, cacheFolder, keyOf } from "./cache.ts";
import type { Ingredient } from "./dependencies.ts";
import type { Machine } from "./prune.ts";
import { checkout } from "./workspaces.ts";

/** The Node that development runs: the npm package of the machine's architecture carries it. */
export async function planNode({ platform, architecture }: Machine): Promise<Ingredient> {
  const name = `node-${platform}-${architecture}`;
  const folder = join(checkout, "node_modules", name);
  const manifest = await readFile(join(folder, "package.json"), "utf8").catch(() => {
    throw new Error(
      `The npm package ${name} is not installed: run \`npm run setup\`. Images are made for Linux on x64 and arm64.`,
    );
  });
  const { version } = JSON.parse(manifest) as { readonly version: string };
  const key = keyOf(name, version);
  const make = () =>
    cached(join(cacheFolder(), `node-${version}-${architecture}`), async (path) => {
      await copyFile(join(folder, "bin", "node"), path);
      await chmod(path, 0o755);
    });
  return { key, make };
}
