/**
 * RAFT's correlation lookup (Teed & Deng 2020, section 3.2), twice.
 *
 * The correlation of pixel p of picture 1 with position q of picture 2 is ⟨f1[p], f2[q]⟩ / √D. A
 * lookup reads, for every pixel and every level of f2's average-pooling pyramid, a window of
 * (2r+1)² correlations around the pixel's current match, bilinearly and with zeros outside.
 *
 * - {@link lookupVolume} reads them from the all-pairs volume, computed once for all iterations. It
 *   is quick for small pictures, and 198 MB for a Sintel frame.
 * - {@link lookupOnDemand} computes only the dot products that the windows touch, anew at each
 *   iteration: memory stays linear in the picture.
 *
 * Both give the same numbers: pooling f2 and pooling the volume commute. Window channel order is the
 * official one, x slow and y fast: `level·(2r+1)² + (dx+r)·(2r+1) + (dy+r)`. Coordinates get no
 * gradient, as in the paper, where every iteration starts from detached coordinates.
 *
 * @module
 */
export { correlationPyramid, type Lookup, pyramidSize } from "./correlation/geometry.ts";
export { lookupOnDemand } from "./correlation/on_demand.ts";
export { correlationVolume, lookupVolume } from "./correlation/volume.ts";
