import { succeeds } from "../run-program.ts";

const programs = ["buildah", "debootstrap", "unshare"];
const there = await Promise.all(programs.map((name) => succeeds(name, ["--version"])));

/** Whether images can be built and run here, as their tests do it. */
export const canBuildImages = process.platform === "linux" && process.getuid?.() === 0 && there.every(Boolean);

/** Ends the name of a group of tests, so that what is skipped says why. */
export const reasonToSkip = canBuildImages ? "" : ` (skipped: needs Linux, root, ${programs.join(", ")})`;

/** The first build puts a base together, from the network. */
export const coldBuildMilliseconds = 15 * 60_000;
