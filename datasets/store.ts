/**
 * Stores: Zarr v3 groups on disk that are complete and verified, or absent.
 *
 * `buildStore` makes one beside its final name and renames it once; `openStore` reads it and checks
 * every byte it hands out; `verifyStore` checks all of it. Any Zarr v3 reader can open a store; the
 * completion record beside the root metadata is what makes it tamper-evident here.
 *
 * @module
 */
export {
  type ArrayWriter,
  type BuildOptions,
  buildStore,
  type StoreWriter,
} from "./store/build.ts";
export type { ArraySpec, DType, TypedArray } from "./store/layout.ts";
export { openStore, type Selection, type Store, type StoredArray } from "./store/read.ts";
export { verifyStore } from "./store/verify.ts";
