import { execFile } from "node:child_process";
import { cp, mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);
const here = fileURLToPath(new URL(".", import.meta.url));
const cache = fileURLToPath(new URL("../../../.cache", import.meta.url));
const requirements = join(here, "requirements.txt");
const minutes = 60_000;

/** What a process of Triton needs. */
export interface TritonInstallation {
  readonly binary: string;
  readonly backends: string;
  readonly environment: NodeJS.ProcessEnv;
}

/**
 * The Triton binary inside the package nvidia-pytriton, installed by its hash into an environment of its own (`.cache/triton`) at
 * the first call. Throws where the package or its stub for this Python cannot be had.
 */
export async function installTriton(): Promise<TritonInstallation> {
  const folder = join(cache, "triton");
  const stamp = join(folder, "requirements.txt");
  const wanted = await readFile(requirements, "utf8");
  if ((await readFile(stamp, "utf8").catch(() => null)) !== wanted) await install(folder, stamp, wanted);
  const python = join(folder, "bin", "python");
  const words =
    "import sys, sysconfig as s; print('%d.%d' % sys.version_info[:2], s.get_config_var('LIBDIR'), s.get_path('purelib'))";
  const [version = "", libraries = "", packages = ""] = (await run(python, ["-c", words])).stdout.trim().split(" ");
  const triton = join(packages, "pytriton", "tritonserver");
  const backends = join(folder, "backends");
  await placeBackend(triton, backends, version);
  return {
    binary: join(triton, "bin", "tritonserver"),
    backends,
    environment: {
      // The stub takes the packages of the first Python that it finds here, whatever PYTHONPATH says. With numpy 2, against which it
      // was not built, its answers are empty.
      PATH: `${join(folder, "bin")}:${process.env["PATH"] ?? ""}`,
      // It must not find another libpython than that of the interpreter whose packages it loads.
      LD_LIBRARY_PATH: `${join(packages, "nvidia_pytriton.libs")}:${libraries}`,
      ORT_DISABLE_TELEMETRY: "1",
    },
  };
}

async function install(folder: string, stamp: string, wanted: string): Promise<void> {
  await run(join(cache, "python", "bin", "python"), ["-m", "venv", "--clear", folder], { timeout: minutes });
  const options = ["--quiet", "--disable-pip-version-check", "--no-deps", "--require-hashes", "--only-binary", ":all:"];
  const python = join(folder, "bin", "python");
  await run(python, ["-m", "pip", "install", ...options, "-r", requirements], { timeout: 10 * minutes });
  await writeFile(stamp, wanted);
}

/** Triton looks for the stub beside the backend; the package has one for each version of Python. */
async function placeBackend(triton: string, backends: string, version: string): Promise<void> {
  const stub = join(triton, "python_backend_stubs", version, "triton_python_backend_stub");
  await stat(stub).catch(() => {
    throw new Error(`this Triton has no backend for Python ${version}`);
  });
  await mkdir(backends, { recursive: true });
  await cp(join(triton, "backends", "python"), join(backends, "python"), { recursive: true });
  await cp(stub, join(backends, "python", "triton_python_backend_stub"));
}
