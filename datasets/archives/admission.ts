/**
 * What an archive may hold: safe names, plain files and folders, each once, and not too much.
 *
 * @module
 */
import { DataError } from "../../base/errors.ts";
import type { UnpackLimits } from "../manifest.ts";
import { folded, unsafeName } from "./names.ts";

/** Bytes below which an archive is no bomb, whatever its ratio. */
const HARMLESS = 64 * 2 ** 20;

/** Times its own size that an archive may unpack to. */
const RATIO = 200;

/** Admits the entries of one or more archives that are unpacked into one folder. */
export class Admission {
  /** What is there by its folded name: its spelling, and whether it is a file. */
  private readonly known = new Map<string, { name: string; isFile: boolean }>();

  /** Starts with an archive: its limits hold from here on. */
  archive(path: string, limits: UnpackLimits): ArchiveAdmission {
    return new ArchiveAdmission(path, limits, this.known);
  }
}

/** Admits the entries of one archive, and counts what comes out of it. */
export class ArchiveAdmission {
  private entries = 0;
  private declared = 0;
  private unpacked = 0;

  constructor(
    private readonly path: string,
    private readonly limits: UnpackLimits,
    private readonly known: Map<string, { name: string; isFile: boolean }>,
  ) {}

  /**
   * Admits an entry before anything of it is unpacked.
   *
   * @param bytes What it says it unpacks to.
   * @returns Its path below the folder, without a slash at the end.
   * @throws {DataError} With the entry's name and what is wrong with it.
   */
  admit(name: string, isFile: boolean, bytes: number): string {
    if (++this.entries > this.limits.entries) {
      throw this.refusal(`it has more than ${this.limits.entries} entries`);
    }
    const unsafe = unsafeName(name);
    if (unsafe !== null) throw this.refuse(name, unsafe);
    this.declared += bytes;
    if (!Number.isSafeInteger(this.declared) || this.declared > this.limits.bytes) {
      throw this.refusal(`it unpacks to more than ${this.limits.bytes} bytes`);
    }
    const path = name.replace(/\/$/, "");
    const parts = path.split("/");
    for (let end = 1; end <= parts.length; end++) {
      const part = parts.slice(0, end).join("/");
      this.place(name, part, isFile && end === parts.length);
    }
    return path;
  }

  /**
   * Judges all entries together, where they are known before the first is unpacked.
   *
   * @param packed Bytes of the archive.
   */
  admitAll(packed: number): void {
    this.judgeRatio(this.declared, packed);
  }

  /**
   * Counts bytes as they come out.
   *
   * @param packed Bytes of the archive that were read for all that came out so far.
   */
  count(bytes: number, packed: number): void {
    this.unpacked += bytes;
    if (this.unpacked > this.limits.bytes) {
      throw this.refusal(`it unpacks to more than ${this.limits.bytes} bytes`);
    }
    this.judgeRatio(this.unpacked, packed);
  }

  /** The error for an entry. */
  refuse(name: string, reason: string): DataError {
    return this.refusal(`its entry ${shown(name)} is refused: ${reason}`);
  }

  /** The error for the archive. */
  refusal(reason: string): DataError {
    return new DataError(this.path, reason, "It is not the official archive, or it is damaged");
  }

  private judgeRatio(unpacked: number, packed: number): void {
    if (unpacked > HARMLESS && unpacked > RATIO * packed) {
      throw this.refusal(`it unpacks to more than ${RATIO} times its own size`);
    }
  }

  private place(entry: string, path: string, isFile: boolean): void {
    const key = folded(path);
    const there = this.known.get(key);
    if (there === undefined) {
      this.known.set(key, { name: path, isFile });
    } else if (there.name !== path) {
      throw this.refuse(entry, `some systems cannot tell it from ${shown(there.name)}`);
    } else if (there.isFile || isFile) {
      const what = there.isFile && isFile ? "is there twice" : "is a file and a folder";
      throw this.refuse(entry, `${shown(path)} ${what}`);
    }
  }
}

/** A name for people, cut and without characters that would act on a terminal. */
function shown(name: string): string {
  const text = JSON.stringify(name.length > 80 ? `${name.slice(0, 80)}…` : name);
  return text.replace(/[^\x20-\x7e…\p{L}\p{N}]/gu, "?");
}
