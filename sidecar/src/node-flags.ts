/**
 * Node flags for a process through which tensors pass: a server, or a tuner that times its engines. Tensors live outside of the JavaScript heap. V8 counts them by themselves
 * as it comes, and collects the whole heap each time that a share of the heap's size has been allocated there, ten times a
 * second with images of 600 kB. Counted with the heap against one limit, with room for both, they cost a third of that (design
 * note 4). Both flags are V8's own: a Node that does not know them refuses to start.
 */
export const tensorNodeFlags: readonly string[] = [
  "--initial-heap-size=256",
  "--external-memory-accounted-in-global-limit",
];

/**
 * Gives this process those flags. Node takes them only when it starts, so a process without them replaces itself, once, by the same
 * program with them: same process, same signals, nothing in between. Elsewhere than on Unix it goes on without them. To be
 * called before anything large is imported, which would be loaded twice.
 */
export function takeTensorNodeFlags(): void {
  const missing = tensorNodeFlags.filter((flag) => !process.execArgv.includes(flag));
  if (missing.length === 0 || process.platform === "win32") return;
  const args = [process.execPath, ...process.execArgv, ...missing, ...process.argv.slice(1)];
  process.execve?.(process.execPath, args, process.env);
}
