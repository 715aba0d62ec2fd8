import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { compile } from "../compile.ts";
import { layOutContext } from "../context.ts";
import { planDependencies } from "../dependencies.ts";
import { workspaceClosure } from "../workspaces.ts";

/** The tree that images have as `/app`, made for this machine in a folder of its own. */
export async function openApplication(workspace: string) {
  const folder = await mkdtemp(join(tmpdir(), "sweetspot-application-"));
  const workspaces = await workspaceClosure(workspace);
  const machine = { platform: process.platform, architecture: process.arch };
  const dependencies = await (await planDependencies(workspaces, machine)).make();
  const app = join(folder, "app");
  await layOutContext(folder, { app: dependencies });
  await cp(await compile(workspaces), app, { recursive: true, force: true, verbatimSymlinks: true });
  return { folder: app, close: () => rm(folder, { recursive: true, force: true }) };
}
