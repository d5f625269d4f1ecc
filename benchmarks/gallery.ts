/**
 * Which samples of an evaluation are kept whole, without keeping all of them to choose from.
 *
 * @module
 */
import type { GalleryEntry } from "./record.ts";
import type { GalleryPicture } from "./samples.ts";

/** A sample's pictures, before anyone knows why it is worth showing. */
export type Candidate<P extends GalleryEntry = GalleryPicture> = Omit<P, "why">;

/** The first few samples, the worst few and the median one; at most `2 size + 1` are ever held. */
export class GalleryChooser<P extends GalleryEntry = GalleryPicture> {
  private readonly first: Candidate<P>[] = [];
  /** Sorted, worst first. */
  private readonly worst: { error: number; candidate: Candidate<P> }[] = [];
  private readonly scored: { error: number; index: number; id: string }[] = [];

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
   * @param error How bad it is; null where it has no valid pixel.
   * @param candidate Its pictures, which are let go of unless the sample is kept.
   */
  offer(index: number, error: number | null, candidate: Candidate<P>): void {
    if (this.first.length < this.size) this.first.push(candidate);
    if (error === null) return;
    this.scored.push({ error, index, id: candidate.id });
    const { worst } = this;
    const place = worst.findIndex((kept) => kept.error < error);
    if (place >= 0) worst.splice(place, 0, { error, candidate });
    else if (worst.length < this.size) worst.push({ error, candidate });
    if (worst.length > this.size) worst.pop();
  }

  /**
   * The gallery: first, median, worst. Nothing appears twice; one of the first that is also among
   * the worst, or the median, appears as that.
   *
   * @param recompute Makes the pictures of a sample again; asked for the median where it was let go.
   */
  async choose(recompute: (index: number) => Promise<Candidate<P>>): Promise<P[]> {
    if (this.size === 0) return [];
    // Of a handful of samples, the better half is not among "the worst".
    const half = Math.floor(this.scored.length / 2);
    const because = (candidate: Candidate<P>, why: string) => ({ ...candidate, why }) as P;
    const worst = this.worst.slice(0, half).map(({ candidate }) => because(candidate, "worst"));
    const shown = new Set(worst.map(({ id }) => id));

    // The reverse of the order in `worst`, so that the median is never one of them.
    const byError = this.scored.toSorted((a, b) => a.error - b.error || b.index - a.index);
    const middle = byError[Math.floor((byError.length - 1) / 2)];
    const median: P[] = [];
    if (byError.length > 2) {
      const kept = this.first.find(({ id }) => id === middle.id);
      median.push(because(kept ?? await recompute(middle.index), "median"));
      shown.add(middle.id);
    }

    const first = this.first
      .filter(({ id }) => !shown.has(id))
      .map((candidate) => because(candidate, "first"));
    return [...first, ...median, ...worst];
  }
}
