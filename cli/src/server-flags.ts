import { serverNodeFlags } from "@sweetspot/sidecar/node-flags";

/**
 * Node takes the flags of a server only when it starts, so `sweetspot serve` replaces itself, once, by the same program
 * with them: same process, same signals, nothing in between. Elsewhere than on Unix it serves without them.
 */
export function takeServerFlags(words: readonly string[]): void {
  const missing = serverNodeFlags.filter((flag) => !process.execArgv.includes(flag));
  if (words[0] !== "serve" || missing.length === 0 || process.platform === "win32") return;
  const args = [process.execPath, ...process.execArgv, ...missing, ...process.argv.slice(1)];
  process.execve?.(process.execPath, args, process.env);
}
