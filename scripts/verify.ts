import { runTool } from "./run-tool.ts";

/** Generates everything anew and fails when that changed a file: what is committed must be what is generated. */
async function verifyGenerated(): Promise<boolean> {
  const generated = await runTool("npm", ["run", "--silent", "generate"], { shown: true });
  const status = await runTool("git", ["status", "--porcelain"]);
  if (generated.code === 0 && status.code === 0 && status.output === "") return true;
  console.log("The tree is not clean after npm run generate. Commit these changes, then verify again:");
  console.log(status.output.trimEnd());
  return false;
}

const clean = await verifyGenerated();
const check = await runTool("npm", ["run", "--silent", "check"], { shown: true });
if (!clean || check.code !== 0) process.exitCode = 1;
