/**
 * A running mean that does not depend on the order of what it is given.
 *
 * @module
 */

/**
 * The mean of a stream of numbers, in double precision with Neumaier's compensation ("Rundungsfehler-
 * analyse einiger Verfahren zur Summation endlicher Summen", ZAMM 1974): what each addition rounds
 * off is summed apart, so that a billion pixels in any order agree to about 1e-15.
 */
export class Mean {
  /** How many numbers went in. */
  count = 0;
  private sum = 0;
  private lost = 0;

  /** Takes one finite number. */
  add(x: number): void {
    this.count++;
    this.#addToSum(x);
  }

  /** Takes all the numbers another mean has taken. */
  merge(other: Mean): void {
    this.count += other.count;
    this.#addToSum(other.sum);
    this.#addToSum(other.lost);
  }

  /** The mean so far; null before the first number, never NaN. */
  get value(): number | null {
    return this.count === 0 ? null : (this.sum + this.lost) / this.count;
  }

  #addToSum(x: number): void {
    const total = this.sum + x;
    this.lost += Math.abs(this.sum) >= Math.abs(x)
      ? (this.sum - total) + x
      : (x - total) + this.sum;
    this.sum = total;
  }
}
