import { parseArgs } from "node:util";
import { type BuiltImage, buildImages } from "./build-images.ts";
import type { Builder } from "./builder.ts";
import { loadIntoCluster } from "./load.ts";
import { isTargetName, type TargetName, targetNames } from "./targets.ts";

const usage = `npm run images -- [options]

  --target NAME     ${targetNames.join(", ")}; may be given several times (default: all)
  --base IMAGE      base image, for example docker.io/library/debian:bookworm-slim; the tuner needs one with Python 3.11
  --builder NAME    docker or buildah (default: docker when an engine answers)
  --load CLUSTER    load the images into a test cluster of this name afterwards
`;

function readOptions() {
  const { values } = parseArgs({
    options: {
      target: { type: "string", multiple: true, default: [...targetNames] },
      base: { type: "string" },
      builder: { type: "string" },
      load: { type: "string" },
      help: { type: "boolean", short: "h" },
    },
  });
  const { target, builder } = values;
  const unknown = target.find((name) => !isTargetName(name));
  if (unknown !== undefined) throw new Error(`There is no image ${unknown}. There are ${targetNames.join(", ")}.`);
  return { ...values, targets: target.filter(isTargetName), engine: engineOf(builder) };
}

function engineOf(word: string | undefined): Builder["name"] | undefined {
  if (word === undefined || word === "docker" || word === "buildah") return word;
  throw new Error("--builder takes docker or buildah.");
}

function describe(name: TargetName, { reference, archive, bytes, cached }: BuiltImage): string {
  const state = cached ? "unchanged" : "built";
  return `${name.padEnd(9)} ${reference.padEnd(28)} ${(bytes / 1e6).toFixed(0).padStart(4)} MB  ${state}  ${archive}`;
}

async function main(): Promise<void> {
  const { targets, base, engine, load, help } = readOptions();
  if (help) {
    process.stdout.write(usage);
    return;
  }
  const progress = (line: string) => process.stderr.write(`images: ${line}\n`);
  const chosen = { ...(base === undefined ? {} : { base }), ...(engine === undefined ? {} : { builder: engine }) };
  const built = await buildImages({ targets, ...chosen, progress });
  for (const name of targets) process.stdout.write(`${describe(name, built[name])}\n`);
  const archives = targets.map((name) => built[name].archive);
  if (load !== undefined) await loadIntoCluster(load, archives);
}

try {
  await main();
} catch (error) {
  process.stderr.write(`images: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
