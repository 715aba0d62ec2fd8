import { type Builder, publicBase } from "./builder.ts";
import { runProgram } from "./run-program.ts";

/** Docker, or what answers to its command. Its bases come from a registry. */
export const docker: Builder = {
  name: "docker",
  defaultBase: publicBase,
  build: async ({ containerfile, context, target, base, reference, archive }) => {
    const args = ["--file", containerfile, "--target", target, "--build-arg", `BASE=${base}`, "--tag", reference];
    await runProgram("docker", ["build", "--quiet", ...args, context]);
    await runProgram("docker", ["save", "--output", archive, reference]);
  },
};
