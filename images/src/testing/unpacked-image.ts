import { closeSync, openSync, readSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runProgram } from "../run-program.ts";

/** The part of an image's configuration that runtimes follow. */
interface ImageConfig {
  readonly architecture: string;
  readonly config: {
    readonly User: string;
    readonly Env: readonly string[];
    readonly Entrypoint: readonly string[];
    readonly WorkingDir: string;
  };
}

/** An image whose layers lie over each other in a folder. */
export class UnpackedImage {
  readonly #folder: string;
  readonly config: ImageConfig;
  readonly tags: readonly string[];

  private constructor(folder: string, config: ImageConfig, tags: readonly string[]) {
    this.#folder = folder;
    this.config = config;
    this.tags = tags;
  }

  /** Takes a Docker archive of one image apart. */
  static async open(archive: string): Promise<UnpackedImage> {
    const folder = await mkdtemp(join(tmpdir(), "sweetspot-image-"));
    const layers = join(folder, "layers");
    await mkdir(layers);
    await mkdir(join(folder, "root"));
    await runProgram("tar", ["--extract", "--file", archive, "--directory", layers]);
    const json = async (name: string) => JSON.parse(await readFile(join(layers, name), "utf8"));
    const [manifest] = await json("manifest.json");
    const root = join(folder, "root");
    for (const layer of manifest.Layers) {
      await runProgram("tar", ["--extract", "--file", join(layers, layer), "--directory", root, "--exclude", ".wh.*"]);
    }
    const config = (await json(manifest.Config)) as ImageConfig;
    await rm(layers, { recursive: true });
    return new UnpackedImage(folder, config, manifest.RepoTags);
  }

  get root(): string {
    return join(this.#folder, "root");
  }

  /** Paths of all files (no folders, no links), relative to the root. */
  async files(): Promise<string[]> {
    const entries = await readdir(this.root, { recursive: true, withFileTypes: true });
    return entries
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(this.root.length + 1));
  }

  /** Those of the files that are programs or libraries for another kind of machine than this one. */
  foreignBinaries(files: readonly string[]): string[] {
    return files.filter((path) => ![null, String(process.arch)].includes(this.#binaryKind(path)));
  }

  /** What kind of machine a file is a program or a library for; null for any other file. */
  #binaryKind(path: string): string | null {
    const head = Buffer.alloc(20);
    const file = openSync(join(this.root, path), "r");
    try {
      if (readSync(file, head) < head.length) return null;
    } finally {
      closeSync(file);
    }
    if (head.readUInt32BE(0) === 0x7f454c46) return elfMachines[head.readUInt16LE(18)] ?? "another machine";
    if (head.toString("latin1", 0, 2) === "MZ" && /\.(exe|dll|node|pyd)$/.test(path)) return "Windows";
    return machO.has(head.readUInt32BE(0)) ? "macOS" : null;
  }

  /**
   * A command line that runs `words` in the image as a pod does: as the image's user with its environment, the root
   * read-only, an empty /tmp, `folder` at /mnt/model. It becomes the process itself, so signals reach it. Needs root.
   */
  command(folder: string, ...words: readonly string[]): string[] {
    const { User, Env, WorkingDir } = this.config.config;
    const script = [
      'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0"',
      'mount -t tmpfs -o mode=1777 tmpfs "$0/tmp" && mount --rbind /proc "$0/proc" && mount --rbind /dev "$0/dev"',
      'mount -t tmpfs tmpfs "$0/mnt" && mkdir "$0/mnt/model" && mount --bind "$1" "$0/mnt/model"',
      "root=$0; user=$2; home=$3; shift 3",
      'exec chroot --userspec="$user" --groups= "$root" env -i -C "$home" "$@"',
    ];
    const inside = ["sh", "-ec", script.join("\n"), this.root, folder, User, WorkingDir, ...Env, ...words];
    return ["unshare", "--mount", "--propagation", "private", ...inside];
  }

  close(): Promise<void> {
    return rm(this.#folder, { recursive: true, force: true });
  }
}

/** From elf.h. */
const elfMachines: Readonly<Record<number, string>> = { 62: "x64", 183: "arm64" };
/** From mach-o/loader.h, both byte orders, and "fat" files of several architectures. */
const machO = new Set([0xfeedface, 0xfeedfacf, 0xcefaedfe, 0xcffaedfe]);
