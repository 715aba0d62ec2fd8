import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Buildah, hasImage, openBuildah } from "./buildah.ts";
import type { Base, Progress } from "./builder.ts";
import { cached, cacheFolder, keyOf } from "./cache.ts";
import { runProgram } from "./run-program.ts";

const suite = "bookworm";
const packages = ["ca-certificates", "libstdc++6"];
const pythonPackages = ["python3.11"];

/**
 * What a minimal Debian holds and an image does not need, and what speaks of the machine it was made on: its name, its
 * resolver, its mirror.
 */
const leftOut = [
  ...["doc", "man", "locale", "info", "lintian"].map((name) => `usr/share/${name}`),
  ...["var/cache/apt", "var/cache/debconf", "var/lib/apt/lists", "var/log"],
  ...["etc/apt/sources.list", "etc/hostname", "etc/hosts", "etc/resolv.conf"],
];

const minutes = 60_000;

/** A minimal Debian of the machine's own architecture from the machine's own mirror; needs root and debootstrap. */
export function localBase(python: boolean): Base {
  const words = [suite, process.arch, ...packages, ...(python ? pythonPackages : []), ...leftOut];
  const key = keyOf(...words);
  const reference = `sweetspot.dev/base${python ? "-python" : ""}:${key}`;
  const make = async (progress: Progress) => {
    const buildah = await openBuildah();
    if (await hasImage(buildah, reference)) return reference;
    if (python) await addPython(buildah, await localBase(false).make(progress), reference, progress);
    else await makeDebian(buildah, key, reference, progress);
    return reference;
  };
  return { key, make };
}

async function makeDebian(buildah: Buildah, key: string, reference: string, progress: Progress): Promise<void> {
  requireRoot();
  const archive = await cached(join(cacheFolder(), `base-${key}.tar`), async (path) => {
    progress(`a minimal Debian (${suite}) as base, about two minutes, once`);
    const root = `${path}-root`;
    try {
      const include = `--include=${packages.join(",")}`;
      await runProgram("debootstrap", ["--variant=minbase", include, suite, root, await mirror()]);
      for (const name of leftOut) await rm(join(root, name), { recursive: true, force: true });
      await runProgram("tar", ["--create", "--numeric-owner", "--directory", root, "--file", path, "."]);
    } finally {
      await rm(root, { recursive: true, force: true });
    }
  });
  const container = (await buildah("from", "scratch")).trim();
  await buildah("add", "--quiet", container, archive, "/");
  await buildah("commit", "--quiet", "--rm", "--timestamp", "0", container, reference);
}

/** Python comes in by apt, with the sources mounted from outside, so that no mirror's name stays in the image. */
async function addPython(buildah: Buildah, base: string, reference: string, progress: Progress): Promise<void> {
  progress("Python for the base of the tuner, about a minute, once");
  const sources = await mkdtemp(join(tmpdir(), "sweetspot-apt-"));
  const container = (await buildah("from", "--pull-never", base)).trim();
  try {
    await writeFile(join(sources, "debian.list"), `deb ${await mirror()} ${suite} main\n`);
    const install = `apt-get install -qy --no-install-recommends -o Dpkg::Options::=--force-unsafe-io ${pythonPackages.join(" ")}`;
    const steps = [
      "export DEBIAN_FRONTEND=noninteractive",
      "mkdir -p /var/log/apt /var/cache/apt/archives/partial /var/lib/apt/lists/partial",
      "apt-get -q -o Acquire::Languages=none update",
      install,
      `cd / && rm -rf ${leftOut.filter((name) => !name.startsWith("etc/")).join(" ")}`,
    ];
    const volume = `${sources}:/etc/apt/sources.list.d:ro`;
    await buildah("run", "--volume", volume, container, "--", "sh", "-ec", steps.join("\n"));
    await buildah("commit", "--quiet", "--timestamp", "0", container, reference);
  } finally {
    await buildah("rm", container);
    await rm(sources, { recursive: true, force: true });
  }
}

function requireRoot(): void {
  if (process.getuid?.() === 0) return;
  throw new Error(
    "A base image is put together with debootstrap, which needs root. Run as root, or name a base that your builder " +
      "can get: `npm run images -- --base docker.io/library/debian:bookworm-slim`.",
  );
}

/** Where this machine's apt gets Debian from. */
async function mirror(): Promise<string> {
  const format = "$(REPO_URI) $(ORIGIN) $(CODENAME)";
  const targets = await runProgram("apt-get", ["indextargets", "--format", format, "Created-By: Packages"], {
    timeoutMilliseconds: minutes,
  });
  const found = targets.split("\n").find((line) => line.endsWith(` Debian ${suite}`));
  return found?.split(" ")[0] ?? "http://deb.debian.org/debian";
}
