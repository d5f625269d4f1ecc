/**
 * Telling weights files apart by what is in them, whatever they are called.
 *
 * @module
 */
import { DataError } from "../../base/errors.ts";
import type { ByteSource } from "./byte_source.ts";

/** Formats that can be read: safetensors, and PyTorch's container since 1.6 and before. */
export type WeightsFormat = "safetensors" | "pth zip" | "pth legacy";

const HEAD_BYTES = 512;
const FETCH_WEIGHTS = "Fetch the weights themselves.";
const SAVE_AGAIN =
  "Open and save it again with a current PyTorch: torch.save(torch.load(...), ...).";

/**
 * The format of a weights file, from its first bytes.
 *
 * @throws {DataError} When it is none, naming what it is instead where that is plain to see.
 */
export function weightsFormat(source: ByteSource): WeightsFormat {
  const head = source.read(0, Math.min(HEAD_BYTES, source.size));
  const text = String.fromCharCode(...head);
  const start = text.trimStart().toLowerCase();
  // The header of safetensors follows eight bytes of length, of which a real one leaves four zero.
  if (text.startsWith("\0\0\0\0{", 4)) return "safetensors";
  if (text.startsWith("PK\x03\x04")) return "pth zip";
  if (text.startsWith("\x80")) return "pth legacy";

  const fail = (reason: string, nextStep: string) => new DataError(source.path, reason, nextStep);
  if (source.size === 0) throw fail("it is empty", FETCH_WEIGHTS);
  if (/^<(!doctype|html|\?xml)/.test(start)) {
    throw fail("it is a web page, as servers send in place of a file", FETCH_WEIGHTS);
  }
  if (text.startsWith("version https://git-lfs")) {
    throw fail("it is a Git LFS pointer, not the file it stands for", "Run git lfs pull.");
  }
  if (text.startsWith("ustar", 257)) {
    throw fail("it is a tar archive, as PyTorch wrote before 0.2", SAVE_AGAIN);
  }
  throw fail("it is neither a safetensors file nor a PyTorch checkpoint", FETCH_WEIGHTS);
}
