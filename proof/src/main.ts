import { proofs } from "./registry.ts";
import { runProof } from "./run-proof.ts";

const code = await runProof(process.argv.slice(2), {
  proofs,
  out: (line) => console.log(line),
  error: (line) => console.error(line),
  // What describes the machine is loaded only where it is asked for.
  write: async (name, outcome) => (await import("./write-result.ts")).writeResult(name, outcome),
});
// A proof that left a server or a timer behind is over all the same, once its last line is out.
process.stdout.write("", () => process.exit(code));
