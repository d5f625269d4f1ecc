/**
 * Names of files in archives that no system may take for something else than a path below a folder.
 *
 * @module
 */

/** Names that Windows keeps for devices, with or without an ending. */
const DEVICE = /^(?:con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])(?:\.|$)/i;

/** Control characters, and those that turn the direction of text or show nothing. */
const INVISIBLE = /[\p{Cc}\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/u;

const LONGEST_PART = 255, LONGEST_NAME = 1024;

/** What is unsafe about an entry's name, or null: `it climbs out with ".."`. */
export function unsafeName(name: string): string | null {
  if (name === "") return "it has no name";
  if (name.length > LONGEST_NAME) return `its name has more than ${LONGEST_NAME} characters`;
  if (name.includes("\0")) return "its name holds a NUL";
  if (INVISIBLE.test(name)) return "its name holds characters that do not show";
  if (name.includes("\\")) return "its name holds a backslash";
  if (name.startsWith("/")) return "its name is an absolute path";
  if (/^[a-z]:/i.test(name)) return "its name starts with a drive";
  for (const part of name.replace(/\/$/, "").split("/")) {
    if (part === "..") return 'it climbs out with ".."';
    if (part === "" || part === ".") return "its path has an empty part";
    if (part.includes(":")) return "its name holds a colon";
    if (/[ .]$/.test(part)) return "its name ends in a space or full stop";
    if (DEVICE.test(part)) return "its name is one of a device";
    if (new TextEncoder().encode(part).length > LONGEST_PART) {
      return `a part of its name has more than ${LONGEST_PART} bytes`;
    }
  }
  return null;
}

/** The name as file systems compare it that ignore case or spelling of accents. */
export function folded(name: string): string {
  return name.normalize("NFC").toUpperCase().toLowerCase();
}
