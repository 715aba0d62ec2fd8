import { takeTensorNodeFlags } from "@sweetspot/sidecar/node-flags";

// Some proofs tune or time engines in this process.
takeTensorNodeFlags();

const { proofs } = await import("./registry.ts");
const { runProof } = await import("./run-proof.ts");
const code = await runProof(process.argv.slice(2), {
  proofs,
  out: (line) => console.log(line),
  error: (line) => console.error(line),
  // What describes the machine is loaded only where it is asked for.
  write: async (name, outcome) => (await import("./write-result.ts")).writeResult(name, outcome),
});
// A proof that left a server or a timer behind is over all the same, once its last line is out.
process.stdout.write("", () => process.exit(code));
