/** What the package dotenv 17 takes for a variable (`LINE` in its lib/main.js); it passes over everything else without a word. */
const VARIABLE =
  /^\s*(?:export\s+)?[\w.-]+(?:\s*=\s*?|:\s+?)(?:\s*'(?:\\'|[^'])*'|\s*"(?:\\"|[^"])*"|\s*`(?:\\`|[^`])*`|[^#\r\n]+)?\s*(?:#.*)?$/gm;

/** The numbers of the lines of a .env file that set nothing, although they are neither empty nor a comment. */
export function ignoredLines(content: string): number[] {
  const rest = content.replace(/\r\n?/g, '\n').replace(VARIABLE, (lines) => lines.replace(/[^\n]/g, ''));
  return rest.split('\n').flatMap((line, index) => (/^\s*(?:#|$)/.test(line) ? [] : [index + 1]));
}
