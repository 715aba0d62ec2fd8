import { mkdir } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { RelativePath } from "@sweetspot/crds";
import { Command, InvalidArgumentError } from "commander";
import type { CliContext } from "./context.ts";
import { parseDigest } from "./model-digest.ts";
import { UserError } from "./user-error.ts";
import { parseDuration, repeated, wholeNumber } from "./values.ts";

interface FetchOptions {
  readonly model: string;
  readonly file?: readonly string[];
  readonly out: string;
  readonly modelDigest?: string;
  readonly s3Endpoint?: string;
  readonly s3Region?: string;
  readonly hfEndpoint: string;
  readonly credentials?: string;
  readonly credentialsName: string;
  readonly allowNetwork?: readonly string[];
  readonly maximumBytes: number;
  readonly idle: number;
}

/** `sweetspot fetch URI`: brings the files of a model into a folder, as an init container does it before a pod serves. */
export const fetchCommand = (context: CliContext): Command =>
  new Command("fetch")
    .description("Fetch the files of a model from https://, s3:// or hf:// into a folder")
    .argument("<uri>", "https://HOST/FOLDER, s3://BUCKET/PREFIX or hf://OWNER/NAME@REVISION")
    .requiredOption("--model <path>", "path of the ONNX file inside the source", parsePath)
    .option("--file <path>", "a further file of the source; may be given several times", repeatedPath)
    .requiredOption("--out <dir>", "the folder")
    .option("--model-digest <digest>", "take no other file than this one", parseDigest)
    .option("--s3-endpoint <url>", "base address of an S3 service that is not Amazon's", parseEndpoint)
    .option("--s3-region <region>", "region of the bucket (default: us-east-1)")
    .option("--hf-endpoint <url>", "Hugging Face or a mirror of it", parseEndpoint, "https://huggingface.co")
    .option("--credentials <dir>", "folder with a file for each key of a Secret")
    .option("--credentials-name <name>", "name of that Secret, for messages", "of --credentials")
    .option(
      "--allow-network <cidr>",
      "a network besides the internet that may be read from; may be given several times",
      repeated,
    )
    .option("--maximum-bytes <number>", "most bytes of all files together", wholeNumber(1, 2 ** 50), 8 * 2 ** 30)
    .option("--idle <duration>", "most time without a byte", parseDuration, 60_000)
    .action((uri: string, options: FetchOptions) => runFetch(uri, options, context));

async function runFetch(uri: string, options: FetchOptions, { terminal }: CliContext): Promise<void> {
  const { fetchModel, NetworkPolicy, readCredentials, sourceFiles } = await import("@sweetspot/sidecar/fetch");
  const paths = [...new Set([options.model, ...(options.file ?? [])])];
  const files = sourceFiles(uri, paths, {
    huggingFaceEndpoint: options.hfEndpoint,
    ...(options.s3Endpoint !== undefined && { s3Endpoint: options.s3Endpoint }),
    ...(options.s3Region !== undefined && { s3Region: options.s3Region }),
  });
  const { credentials, credentialsName, modelDigest } = options;
  await mkdir(options.out, { recursive: true }).catch(({ code }: NodeJS.ErrnoException) => {
    throw new UserError("CannotWrite", `${options.out} cannot be written (${code}). Choose another place with --out.`);
  });
  await fetchModel({
    files,
    directory: options.out,
    expected: modelDigest === undefined ? null : { path: options.model, digest: modelDigest },
    maximumBytes: options.maximumBytes,
    credentials: credentials === undefined ? {} : readCredentials(credentials, credentialsName),
    network: new NetworkPolicy(options.allowNetwork ?? []),
    idleMilliseconds: options.idle,
    now: () => Date.now(),
    sleep: async (milliseconds) => void (await sleep(milliseconds)),
    fetched: ({ path }, bytes) => terminal.error(`Fetched ${path}, ${bytes} bytes.\n`),
    signal: new AbortController().signal,
  });
}

function parsePath(text: string): string {
  if (RelativePath.safeParse(text).success) return text;
  throw new InvalidArgumentError(`"${text}" is no path inside a source: no part of it may begin with a dot.`);
}

const repeatedPath = (text: string, before: readonly string[] | undefined): string[] =>
  repeated(parsePath(text), before);

function parseEndpoint(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  const plain = url !== null && url.username === "" && url.password === "" && url.search === "" && url.hash === "";
  if (plain && (url.protocol === "https:" || url.protocol === "http:")) return text;
  throw new InvalidArgumentError(
    `"${text}" is no base address: https://HOST or http://HOST, with a port and a path at most.`,
  );
}
