/**
 * Node flags of the operator's process. Most of what it reads is thrown away at once: objects are trimmed before they are kept. V8's
 * young generation grows to three times 16 MB for that, and what is thrown away late grows the old one. The old generation needs no flag:
 * in a container V8 limits it to half of the memory limit. `npm run proof -- control-loop-10` measures what comes of it.
 */
export const operatorNodeFlags: readonly string[] = ["--max-semi-space-size=4"];
