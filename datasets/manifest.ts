/**
 * Where a dataset's files come from, on which terms, and what is known about them beforehand.
 *
 * Nothing here is guessed: a size or digest that nobody could read somewhere is null, and one that
 * somebody else than the dataset's authors states says who does.
 *
 * @module
 */

/** The ways files may be packed. */
export const ARCHIVE_KINDS = ["zip", "tar", "tar.gz", "tar.bz2"] as const;

/** How a file is packed. */
export type ArchiveKind = typeof ARCHIVE_KINDS[number];

/** What an archive may unpack to at most; more is taken for an attack. */
export interface UnpackLimits {
  /** Files and folders. */
  readonly entries: number;
  /** Bytes of all files together. */
  readonly bytes: number;
}

/** One file of a dataset, as its authors offer it. */
export interface SourceFile {
  /** Its name in the folder of downloads. */
  readonly name: string;
  /** Its address, https; null where the page gives one only to those who register. */
  readonly url: string | null;
  /** Its exact size; null where nobody states one. */
  readonly bytes: number | null;
  /** Its size as its page or its users round it, to plan with; null where nobody states one. */
  readonly roughly: number | null;
  /** Hexadecimal SHA-256; null where nobody states one. */
  readonly sha256: string | null;
  /** Where `bytes` and `sha256` were read; null where both are null. */
  readonly knownFrom: string | null;
  /** How it is packed; null for a text file that is used as it is. */
  readonly archive: ArchiveKind | null;
  /** Limits for unpacking it; null for a text file. */
  readonly limits: UnpackLimits | null;
}

/** A dataset's files and how to get them. */
export interface Manifest {
  /** Every file that a complete copy needs, small ones first. */
  readonly files: readonly SourceFile[];
  /** Why a person has to download them; null where the authors let anybody. */
  readonly byHand: string | null;
  /** Paths in the archives that the importer reads; others are not unpacked. */
  readonly keep?: RegExp;
}

/** The hosts a manifest's files are fetched from; none where a person has to download them. */
export function hostsOf({ files, byHand }: Manifest): string[] {
  if (byHand !== null) return [];
  return [...new Set(files.flatMap(({ url }) => url === null ? [] : [new URL(url).host]))];
}

/** Bytes of a dataset's download, as exactly as is known; null where a file's size is not. */
export function downloadBytes({ files }: Manifest): number | null {
  const sizes = files.map(({ bytes, roughly }) => bytes ?? roughly);
  return sizes.includes(null) ? null : sizes.reduce<number>((sum, size) => sum + size!, 0);
}

/** How a file is packed by its name; null for a name of another kind. */
export function archiveKind(name: string): ArchiveKind | null {
  const [, ending] = /\.(zip|tar|tar\.gz|tgz|tar\.bz2|tbz2?)$/i.exec(name) ?? [];
  switch (ending?.toLowerCase()) {
    case "zip":
      return "zip";
    case "tar":
      return "tar";
    case "tar.gz":
    case "tgz":
      return "tar.gz";
    case undefined:
      return null;
    default:
      return "tar.bz2";
  }
}
