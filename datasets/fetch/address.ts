/**
 * Which addresses may be asked for a file, and what becomes of redirects.
 *
 * @module
 */
import { ExitCode, ReflowError } from "../../base/errors.ts";

/** A file that could not be downloaded. Exit code 3. */
export class DownloadError extends ReflowError {
  /**
   * @param address What was asked for.
   * @param reason Why it was not had.
   * @param nextStep What the user can do about it.
   */
  constructor(readonly address: string, readonly reason: string, nextStep = "") {
    super(`Cannot fetch ${address}: ${reason}`, nextStep, ExitCode.data);
  }
}

/** How many redirects are followed before they count as a circle. */
const REDIRECTS = 5;

const REDIRECT_CODES = [301, 302, 303, 307, 308];

/** Why an address may not be asked, or null where it may: only https, only the hosts named. */
export function refusedAddress(address: URL, hosts: readonly string[]): string | null {
  if (address.protocol !== "https:") {
    return `${address.href} is not encrypted, so anybody could answer`;
  }
  if (address.username !== "" || address.password !== "") {
    return `${address.href} holds a name or password`;
  }
  if (!hosts.includes(address.host)) {
    return `${address.host} is none of this dataset's hosts (${hosts.join(", ")})`;
  }
  return null;
}

/**
 * Asks for an address and follows redirects, each one checked before it is asked.
 *
 * @param request What asks, like the global `fetch`.
 * @throws {DownloadError} Where an address may not be asked, or redirects lead nowhere.
 */
export async function ask(
  request: typeof fetch,
  address: string,
  hosts: readonly string[],
  init: RequestInit,
): Promise<Response> {
  let at = new URL(address);
  for (let hops = 0; hops <= REDIRECTS; hops++) {
    const refused = refusedAddress(at, hosts);
    if (refused !== null) {
      const reason = hops === 0 ? refused : `it redirects, and ${refused}`;
      throw new DownloadError(address, reason);
    }
    const response = await request(at.href, { ...init, redirect: "manual" });
    if (!REDIRECT_CODES.includes(response.status)) return response;
    await response.body?.cancel();
    const location = response.headers.get("location");
    if (location === null || !URL.canParse(location, at)) {
      throw new DownloadError(address, "it redirects to no address");
    }
    at = new URL(location, at);
  }
  throw new DownloadError(address, `it redirects more than ${REDIRECTS} times`);
}
