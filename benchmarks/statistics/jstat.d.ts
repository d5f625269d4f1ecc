/** The part of jstat that is used here; the package has no types of its own. */
interface Distributions {
  readonly studentt: {
    cdf(x: number, degreesOfFreedom: number): number;
    inv(p: number, degreesOfFreedom: number): number;
  };
  readonly normal: { cdf(x: number, mean: number, deviation: number): number };
}
declare const jstat: { readonly jStat: Distributions };
export default jstat;
