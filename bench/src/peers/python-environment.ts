import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Peer } from "./catalogue.ts";

const cache = fileURLToPath(new URL("../../../.cache/peers", import.meta.url));
const requirements = fileURLToPath(new URL("./requirements", import.meta.url));

/** A peer that does not install or start here; the message says why. */
export class PeerUnavailableError extends Error {
  override readonly name = "PeerUnavailableError";
}

/**
 * The interpreter of an environment, which is made at the first call and again when its requirements change. Wheels
 * only, each with its hash. Throws `PeerUnavailableError`.
 */
export async function peerPython(environment: Peer["environment"] | "images" | "optuna"): Promise<string> {
  const folder = join(cache, environment);
  const python = join(folder, "bin", "python");
  const list = join(requirements, `${environment}.txt`);
  const stamp = join(folder, ".installed");
  const digest = createHash("sha256")
    .update(await readFile(list))
    .digest("hex");
  if (existsSync(stamp) && (await readFile(stamp, "utf8")) === digest) return python;
  console.error(`Installing ${environment} into .cache/peers`);
  await mkdir(cache, { recursive: true });
  await execute("python3", ["-m", "venv", "--clear", folder]);
  const options = ["--quiet", "--disable-pip-version-check", "--no-input", "--no-deps"];
  await execute(python, [
    ...["-m", "pip", "install", ...options, "--require-hashes", "--only-binary", ":all:", "-r", list],
  ]);
  await writeFile(stamp, digest);
  return python;
}

async function execute(program: string, args: readonly string[]): Promise<void> {
  const child = spawn(program, args, { stdio: ["ignore", "ignore", "pipe"] });
  let errors = "";
  child.stderr.on("data", (text) => {
    errors = (errors + text).slice(-2048);
  });
  const code = await new Promise<number>((resolve) => {
    child.once("error", () => resolve(-1));
    child.once("close", (status) => resolve(status ?? -1));
  });
  if (code !== 0) throw new PeerUnavailableError(`${program} ${args.slice(0, 3).join(" ")} failed. ${errors.trim()}`);
}
