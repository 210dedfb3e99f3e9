/** Wrong usage: the message names the option and the mend, a line for each fault. Exit status 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}
