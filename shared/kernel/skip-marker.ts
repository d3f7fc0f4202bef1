/**
 * Texts in a commit message that ask for no deployment: those of GitHub Actions ("Skip workflow runs"), and the same for deployments and
 * for us. Case-insensitive.
 */
const MARKERS = [
  ...['[skip ci]', '[ci skip]', '[no ci]', '[skip actions]', '[actions skip]'],
  ...['[skip deploy]', '[deploy skip]', '[no deploy]', '[skip miaobu]', '[miaobu skip]'],
];

/** GitHub's trailer, as the last line of the message. */
const TRAILER = /\n[ \t]*(skip-checks:[ \t]*true)\s*$/i;

/** The text in a commit message that asks for no deployment, or undefined. */
export function skipMarkerIn(message: string): string | undefined {
  const text = message.toLowerCase();
  return MARKERS.find((marker) => text.includes(marker)) ?? TRAILER.exec(text)?.[1];
}
