/**
 * What the tests of this folder share: pickles from opcodes, zip archives, fixtures.
 *
 * @module
 */
import { Uint8ArrayReader, Uint8ArrayWriter, ZipWriter } from "@zip.js/zip.js";
import { assert, assertInstanceOf, assertRejects } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { DataError } from "../../base/errors.ts";

/** Bytes of Latin-1 text: each character is one byte. */
export function latin1(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

/** Parts one after the other. */
export function joined(...parts: Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** A pickle of protocol 2 or another: its opcodes and arguments as Latin-1, without PROTO and STOP. */
export function pickle(opcodes: string, protocol = 2): Uint8Array<ArrayBuffer> {
  return latin1(`\x80${String.fromCharCode(protocol)}${opcodes}.`);
}

/** The opcodes of a string. */
export function text(value: string): string {
  return `X${int32(value.length)}${value}`;
}

/** A little-endian 32-bit integer. */
export function int32(value: number): string {
  return String.fromCharCode(...new Uint8Array(Int32Array.of(value).buffer));
}

/** The opcodes of an integer. */
export function int(value: number): string {
  return `J${int32(value)}`;
}

/** The opcodes of a tuple. */
export function tuple(...items: string[]): string {
  return `(${items.join("")}t`;
}

/** The opcodes of a dict. */
export function dict(items: Record<string, string>): string {
  const pairs = Object.entries(items).map(([key, value]) => text(key) + value);
  return `}(${pairs.join("")}u`;
}

/** The opcodes of a storage, as the zip container has it. */
export function storage(key: string, length: number, type = "FloatStorage"): string {
  const parts = [text("storage"), `ctorch\n${type}\n`, text(key), text("cpu"), int(length)];
  return `${tuple(...parts)}Q`;
}

/** The opcodes of a tensor over opcodes of a storage. */
export function tensor(of: string, offset: number, shape: number[], stride: number[]): string {
  const axes = [shape, stride].map((numbers) => tuple(...numbers.map(int)));
  const hooks = "ccollections\nOrderedDict\n)R";
  return `ctorch._utils\n_rebuild_tensor_v2\n${tuple(of, int(offset), ...axes, "\x89", hooks)}R`;
}

/** A zip archive, its entries stored (level 0) or deflated. */
export async function zip(
  entries: Record<string, Uint8Array>,
  level = 0,
): Promise<Uint8Array<ArrayBuffer>> {
  const writer = new ZipWriter(new Uint8ArrayWriter(), { level, useWebWorkers: false });
  for (const [name, bytes] of Object.entries(entries)) {
    await writer.add(name, new Uint8ArrayReader(bytes), { dataDescriptor: false });
  }
  return await writer.close();
}

/** A checkpoint in the zip container, of a pickle and storages. */
export function zipCheckpoint(
  data: Uint8Array,
  storages: Record<string, Uint8Array> = {},
  level = 0,
): Promise<Uint8Array<ArrayBuffer>> {
  const entries: Record<string, Uint8Array> = {
    "archive/data.pkl": data,
    "archive/version": latin1("3\n"),
  };
  for (const [key, bytes] of Object.entries(storages)) entries[`archive/data/${key}`] = bytes;
  return zip(entries, level);
}

/** A checkpoint in the container before PyTorch 1.6, of a pickle, its storage keys and the rest. */
export function legacyCheckpoint(
  data: Uint8Array,
  keys: string[] = [],
  rest: Uint8Array = new Uint8Array(),
  little = "\x88",
): Uint8Array<ArrayBuffer> {
  return joined(
    pickle("\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19"),
    pickle("M\xe9\x03"),
    pickle(dict({ little_endian: little })),
    data,
    pickle(`](${keys.map(text).join("")}e`),
    rest,
  );
}

/** The reason of the DataError that work ends with. */
export async function reasonOf(work: () => unknown): Promise<string> {
  const error = await assertRejects(() => Promise.try(work));
  assertInstanceOf(error, DataError);
  assert(error.path !== "" && !error.reason.endsWith("."));
  return error.reason;
}

/** The path of a fixture that `tests/reference/make_pth_fixtures.py` made. */
export function fixture(name: string): string {
  return fromFileUrl(new URL(`../../tests/reference/fixtures/pth/${name}`, import.meta.url));
}
