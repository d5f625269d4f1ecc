/**
 * What builds that were killed leave behind, and how the next one tells it from a build under way.
 *
 * @module
 */
import { basename, dirname, join } from "@std/path";

/**
 * A file every build holds an exclusive lock on. The system drops the lock with the process, even
 * when it is killed; unlike the process id in the folder's name, that needs no right to look at
 * other processes and also holds between containers that share a folder.
 */
export const BUILDING_NAME = "_BUILDING";

const DAY = 24 * 60 * 60 * 1000;

/** Marks a partial store as being built until the result is disposed of. */
export async function claim(partial: string): Promise<Disposable> {
  const file = await Deno.open(join(partial, BUILDING_NAME), { write: true, createNew: true });
  await file.lock(true);
  return file;
}

/** Removes partial stores of this name whose builds are dead. */
export async function sweepPartials(path: string): Promise<void> {
  const prefix = `.${basename(path)}.partial-`;
  const folder = dirname(path);
  const partials: string[] = [];
  try {
    for await (const entry of Deno.readDir(folder)) {
      if (entry.isDirectory && entry.name.startsWith(prefix)) partials.push(entry.name);
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  for (const name of partials) await removeAbandoned(join(folder, name));
}

async function removeAbandoned(partial: string): Promise<void> {
  try {
    if (await isAbandoned(partial)) await Deno.remove(partial, { recursive: true });
  } catch (error) {
    // Finished, or swept by another build, in the meantime.
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

async function isAbandoned(partial: string): Promise<boolean> {
  try {
    using file = await Deno.open(join(partial, BUILDING_NAME), { write: true });
    return await file.tryLock(true);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    // A build has no such file in its first and last moments only.
    const { mtime } = await Deno.stat(partial);
    return mtime !== null && Date.now() - mtime.getTime() > DAY;
  }
}
