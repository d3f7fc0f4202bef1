/**
 * A variable as a line of a .env file, which the package dotenv reads as the same value. A secret, and a value that no quotes of that
 * format can hold, is a comment that says so.
 */
export function envLine({ key, value }: { readonly key: string; readonly value: string | null }): string {
  if (value === null) return `# ${key} is a secret`;
  if (/^[\w./:@%+,=-]*$/.test(value)) return `${key}=${value}`;
  // Between single quotes and backticks nothing is replaced. Line ends of Windows become those of Unix when a file is read.
  const quote = ["'", '`'].find((each) => !value.includes(each));
  if (quote === undefined || value.includes('\r'))
    return `# ${key} cannot be written in this format; see: miaobu env list --json`;
  return `${key}=${quote}${value}${quote}`;
}
