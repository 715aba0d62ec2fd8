import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Tensor } from "@sweetspot/sidecar";
import { DirectModel } from "@sweetspot/test";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { embeddingModel, writeOnnx } from "../builders/onnx-model.ts";
import { Workplace } from "./cli-process.ts";
import { ServedModel } from "./served-model.ts";

const python = fileURLToPath(new URL("../../../.cache/clients/bin/python", import.meta.url));
const script = fileURLToPath(new URL("./triton_transports_check.py", import.meta.url));

const ids = { name: "ids", shape: [2, 3], data: [1, 2, 3, 4, 5, 6] };
const mask = { name: "mask", shape: [2, 3], data: [1, 1, 1, 1, 1, 0] };
const question = { output: "embedding", inputs: [ids, mask], wrong: [ids, { ...mask, shape: [3, 2] }] };

interface Output {
  readonly id: string | null;
  readonly shape: readonly number[];
  readonly data: readonly number[];
}

interface Failure {
  readonly status: string;
  readonly message: string;
}

interface Answer extends Readonly<Record<"default" | "requested" | "compressed", Output>> {
  readonly metadata: { readonly name: string; readonly inputs: readonly object[]; readonly outputs: readonly object[] };
  readonly statistics: readonly { readonly rows: number; readonly requests: number }[];
  readonly refusal: Failure;
  readonly unknown: Failure;
}

const tensorOf = ({ name, shape, data }: typeof ids): Tensor => ({
  name,
  datatype: "INT64",
  shape,
  data: new Uint8Array(BigInt64Array.from(data, BigInt).buffer),
});

describe.skipIf(!existsSync(python))(
  "Triton's other Python clients, unmodified (skipped without the clients' environment from npm run setup)",
  () => {
    let workplace: Workplace;
    let file: string;
    let server: ServedModel;
    let expected: readonly number[];

    beforeAll(async () => {
      workplace = await Workplace.open();
      file = await writeOnnx(embeddingModel());
      server = await ServedModel.start(workplace, "--model", file);
      const model = await DirectModel.load(file);
      expected = Array.from(await model.run([ids, mask].map(tensorOf), question.output));
    });
    afterAll(async () => {
      server.command.signal("SIGTERM");
      expect(await server.command.exited).toBe(0);
      await workplace.close();
    });

    async function ask(transport: string): Promise<Answer> {
      const address = transport.startsWith("grpc") ? server.grpcAddress : new URL(server.url).host;
      const asked = JSON.stringify({ model: server.model, ...question });
      const { stdout } = await promisify(execFile)(python, ["-E", "-s", "-B", script, transport, address, asked]);
      return JSON.parse(stdout);
    }

    it.each([
      ["grpc", "StatusCode.INVALID_ARGUMENT", "StatusCode.NOT_FOUND"],
      ["grpc-async", "StatusCode.INVALID_ARGUMENT", "StatusCode.NOT_FOUND"],
      ["http-async", "400", "404"],
    ])("find, describe and call a model: %s", async (transport, refused, unknown) => {
      const answer = await ask(transport);
      expect(answer).toMatchObject({
        live: true,
        ready: true,
        modelReady: true,
        otherModelReady: false,
        server: "sweetspot",
        metadata: { name: server.model, inputs: [{ name: "ids", datatype: "INT64", shape: [-1, -1] }, {}] },
        refusal: {
          status: refused,
          message: expect.stringMatching(/^Inputs 'ids' and 'mask' differ .*; make them equal\.$/),
        },
        unknown: { status: unknown },
      });
      for (const { shape, data } of [answer.default, answer.requested, answer.compressed]) {
        expect(shape).toEqual([2, 4]);
        for (const [index, value] of expected.entries()) expect(data[index]).toBeCloseTo(value, 4);
      }
      expect(answer.requested.id).toBe("7");
      expect(answer).toMatchObject({
        config: {
          name: server.model,
          max_batch_size: 1,
          input: [{ name: "ids", data_type: "TYPE_INT64" }, {}],
          instance_group: [{ kind: "KIND_CPU" }],
        },
        statistics: Array(2).fill({ name: server.model }),
      });
      // Each client has asked for three answers of two rows; a request counts when its connection is done with it.
      for (const { rows, requests } of answer.statistics) {
        expect(rows % 6).toBe(0);
        expect(rows).toBeGreaterThanOrEqual(6);
        expect(requests).toBeGreaterThanOrEqual(2);
      }
    });
  },
);
