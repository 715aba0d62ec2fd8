import type { MachineFiles } from "./machine-files.ts";

/** An accelerator that a loaded driver answers for. */
export interface Accelerator {
  readonly name: string;
  /** Name of the driver and, where it tells, its version. */
  readonly driver: string;
}

const nvidiaFolder = "/proc/driver/nvidia";

/** The accelerators that the kernel knows: NVIDIA by its own driver's files, others as render or compute devices. */
export function readAccelerators(files: MachineFiles): Accelerator[] {
  return [...nvidiaCards(files), ...computeDevices(files)];
}

function nvidiaCards({ read, list }: MachineFiles): Accelerator[] {
  const version = parseNvidiaVersion(read(`${nvidiaFolder}/version`) ?? "");
  if (version === null) return [];
  return list(`${nvidiaFolder}/gpus`).map((address) => {
    const model = /^Model:\s*(.*\S)/m.exec(read(`${nvidiaFolder}/gpus/${address}/information`) ?? "")?.[1];
    return { name: (model ?? `NVIDIA GPU at ${address}`).slice(0, 128), driver: `nvidia ${version}` };
  });
}

/** "NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.104.05  Sat Aug 19 ..." → "535.104.05". */
export const parseNvidiaVersion = (text: string): string | null =>
  /^NVRM version:.*?\s(\d+\.\d+(?:\.\d+)?)\s/m.exec(text)?.[1] ?? null;

/** Drivers of devices that can compute; the others of these folders only show pictures. */
const computing: Readonly<Record<string, string>> = {
  amdgpu: "AMD GPU",
  i915: "Intel GPU",
  xe: "Intel GPU",
  intel_vpu: "Intel NPU",
  amdxdna: "AMD NPU",
  habanalabs: "Habana accelerator",
};

function computeDevices({ read, list }: MachineFiles): Accelerator[] {
  const devices = [
    ...list("/sys/class/drm").flatMap((name) => (/^renderD\d+$/.test(name) ? [`/sys/class/drm/${name}`] : [])),
    ...list("/sys/class/accel").map((name) => `/sys/class/accel/${name}`),
  ];
  return devices.flatMap((device) => {
    const driver = /^DRIVER=(\S+)$/m.exec(read(`${device}/device/uevent`) ?? "")?.[1] ?? "";
    const name = computing[driver];
    return name === undefined ? [] : [{ name, driver }];
  });
}
