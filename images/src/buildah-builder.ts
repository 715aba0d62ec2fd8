import { openBuildah } from "./buildah.ts";
import type { Builder } from "./builder.ts";
import { localBase } from "./local-base.ts";

/** The same sources give the same bytes: a time of build would change every layer's digest. */
const fixedTime = ["--timestamp", "0"];

/** Buildah on a Debian that is put together here, since where it is used there may be no registry. */
export const buildahBuilder: Builder = {
  name: "buildah",
  defaultBase: localBase,
  build: async ({ containerfile, context, target, base, reference, archive }) => {
    const run = await openBuildah();
    const args = ["--file", containerfile, "--target", target, "--build-arg", `BASE=${base}`, "--tag", reference];
    await run("build", "--quiet", "--layers", "--pull=missing", ...fixedTime, ...args, context);
    // This kind of archive keeps layers uncompressed: compressing takes longer than all else, and the file does not travel.
    await run("push", "--quiet", reference, `docker-archive:${archive}:${reference}`);
    await run("rmi", "--prune");
  },
};
