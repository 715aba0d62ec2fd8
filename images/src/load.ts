import { spawn } from "node:child_process";
import { checkout } from "./workspaces.ts";

/** Hands archives to the test cluster's own command, whose output is shown as it comes. */
export async function loadIntoCluster(cluster: string, archives: readonly string[]): Promise<void> {
  for (const archive of archives) await npmRun("cluster", "load", archive, "--name", cluster);
}

function npmRun(script: string, ...words: string[]): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const child = spawn("npm", ["run", "--silent", script, "--", ...words], { cwd: checkout, stdio: "inherit" });
  child.on("error", reject);
  child.on("close", (code) =>
    code === 0 ? resolve() : reject(new Error(`npm run ${script} ${words[0]} failed (${code}).`)),
  );
  return promise;
}
