/**
 * Which samples of an evaluation are kept whole, without keeping all of them to choose from.
 *
 * @module
 */
import type { GalleryPicture } from "./samples.ts";

/** A sample's pictures, before anyone knows why it is worth showing. */
export type Candidate = Omit<GalleryPicture, "why">;

/** The first few samples, the worst few and the median one; at most `2 size + 1` are ever held. */
export class GalleryChooser {
  private readonly first: Candidate[] = [];
  /** Sorted, worst first. */
  private readonly worst: { epe: number; candidate: Candidate }[] = [];
  private readonly scored: { epe: number; index: number; id: string }[] = [];

  /**
   * Starts with no samples.
   *
   * @param size How many of the first and how many of the worst; 0 keeps nothing.
   */
  constructor(private readonly size: number) {}

  /**
   * Offers a sample, in the order of scoring.
   *
   * @param index Position in the dataset.
   * @param epe The sample's end-point error; null where it has no valid pixel.
   * @param candidate Its pictures, which are let go of unless the sample is kept.
   */
  offer(index: number, epe: number | null, candidate: Candidate): void {
    if (this.first.length < this.size) this.first.push(candidate);
    if (epe === null) return;
    this.scored.push({ epe, index, id: candidate.id });
    const { worst } = this;
    const place = worst.findIndex((kept) => kept.epe < epe);
    if (place >= 0) worst.splice(place, 0, { epe, candidate });
    else if (worst.length < this.size) worst.push({ epe, candidate });
    if (worst.length > this.size) worst.pop();
  }

  /**
   * The gallery: first, median, worst. Nothing appears twice; one of the first that is also among
   * the worst, or the median, appears as that.
   *
   * @param recompute Makes the pictures of a sample again; asked for the median where it was let go.
   */
  async choose(recompute: (index: number) => Promise<Candidate>): Promise<GalleryPicture[]> {
    if (this.size === 0) return [];
    // Of a handful of samples, the better half is not among "the worst".
    const half = Math.floor(this.scored.length / 2);
    const worst = this.worst.slice(0, half)
      .map(({ candidate }) => ({ ...candidate, why: "worst" }));
    const shown = new Set(worst.map(({ id }) => id));

    // The reverse of the order in `worst`, so that the median is never one of them.
    const byError = this.scored.toSorted((a, b) => a.epe - b.epe || b.index - a.index);
    const middle = byError[Math.floor((byError.length - 1) / 2)];
    const median: GalleryPicture[] = [];
    if (byError.length > 2) {
      const kept = this.first.find(({ id }) => id === middle.id);
      median.push({ ...(kept ?? await recompute(middle.index)), why: "median" });
      shown.add(middle.id);
    }

    const first = this.first
      .filter(({ id }) => !shown.has(id))
      .map((candidate) => ({ ...candidate, why: "first" }));
    return [...first, ...median, ...worst];
  }
}
