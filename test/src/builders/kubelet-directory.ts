import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/**
 * A volume as a kubelet writes it: each version of all files in a folder of its own, `..data` pointing to the newest, and
 * the names pointing through `..data`. Source: `AtomicWriter` in kubernetes/pkg/volume/util/atomic_writer.go.
 */
export class KubeletDirectory {
  readonly path: string;
  #version = 0;
  #names = new Set<string>();

  private constructor(path: string) {
    this.path = path;
  }

  static async create(files: Readonly<Record<string, string>>): Promise<KubeletDirectory> {
    const volume = new KubeletDirectory(await mkdtemp(join(tmpdir(), "sweetspot-volume-")));
    await volume.swap(files);
    return volume;
  }

  /** Replaces all files at once. */
  async swap(files: Readonly<Record<string, string>>): Promise<void> {
    const old = this.#folder();
    this.#version += 1;
    const folder = this.#folder();
    await mkdir(join(this.path, folder));
    for (const [name, content] of Object.entries(files)) await writeFile(join(this.path, folder, name), content);
    await symlink(folder, join(this.path, "..data_tmp"));
    await rename(join(this.path, "..data_tmp"), join(this.path, "..data"));
    await this.#link(new Set(Object.keys(files)));
    await rm(join(this.path, old), { recursive: true, force: true });
  }

  remove(): Promise<void> {
    return rm(this.path, { recursive: true });
  }

  #folder = (): string => `..2026_03_14_09_26_${String(this.#version).padStart(2, "0")}.123456789`;

  async #link(names: Set<string>): Promise<void> {
    for (const name of names) if (!this.#names.has(name)) await symlink(join("..data", name), join(this.path, name));
    for (const name of this.#names) if (!names.has(name)) await rm(join(this.path, name));
    this.#names = names;
  }
}
