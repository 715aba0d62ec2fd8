import { readFile } from "node:fs/promises";
import { DoctorReport, type MachineActivity } from "@sweetspot/crds";
import { describe, expect, it } from "vitest";
import { activityFrame, activityLine } from "./doctor-watch.ts";

const file = new URL("../../crds/samples/DoctorReport.json", import.meta.url);
const { activity } = DoctorReport.parse(JSON.parse(await readFile(file, "utf8")));

describe("the view of the machine", () => {
  it("shows a bar for each CPU, accelerators, and processes with their CPUs, memory and place", () => {
    const frame = activityFrame(activity, 100).join("\n");
    expect(frame).toContain("stolen 1 %, 2 run or wait, waited for CPU 2 %");
    expect(frame).toContain("CPU   0 [#...................]   4 %");
    expect(frame).toContain("CPU   1 [######..............]  31 %");
    expect(frame).toContain("Tesla T4: 42 % busy, 1.1 GB of 16.1 GB");
    expect(frame).toMatch(/ 812 +0\.27 +14 +61 MB +1 {2}containerd/);
  });

  it("fits the terminal, however narrow it is and however many CPUs there are", () => {
    const cores = Array.from({ length: 128 }, (_, cpu) => ({ cpu, busy: 0.5, stolen: 0.5 }));
    for (const columns of [40, 80, 200]) {
      const frame = activityFrame({ ...activity, cores }, columns);
      expect(Math.max(...frame.map((line) => line.length))).toBeLessThan(columns);
      expect(frame.join(" ").match(/##########xxxxxxxxxx/g)).toHaveLength(128);
    }
  });

  it("says nothing of what the system does not tell", () => {
    const nothing: MachineActivity = {
      ...activity,
      cores: [],
      runnable: null,
      cpuPressure: null,
      processes: [],
      accelerators: [],
    };
    expect(activityFrame(nothing, 80).join("\n")).not.toMatch(/null|NaN|undefined/);
    expect(activityLine(nothing)).toBe("CPUs % ; stolen 0 %; busiest none");
  });

  it("is one line elsewhere", () => {
    expect(activityLine(activity)).toBe(
      "CPUs % 0:4 1:31; stolen 1 %; 2 run or wait; waited for CPU 2 %; Tesla T4 42 %; busiest containerd(812) 0.27",
    );
  });
});
