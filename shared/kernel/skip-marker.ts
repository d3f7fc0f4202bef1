/**
 * What in a commit's message asks not to be deployed: what GitHub Actions listens to ("Skip workflow runs"), and the same for
 * deployments and for us. Upper and lower case are the same.
 */
const MARKERS = [
  ...['[skip ci]', '[ci skip]', '[no ci]', '[skip actions]', '[actions skip]'],
  ...['[skip deploy]', '[deploy skip]', '[no deploy]', '[skip miaobu]', '[miaobu skip]'],
];

/** GitHub's trailer, as the last line of the message. */
const TRAILER = /\n[ \t]*(skip-checks:[ \t]*true)\s*$/i;

/** The words in a commit's message that ask not to be deployed, or undefined when there are none. */
export function skipMarkerIn(message: string): string | undefined {
  const text = message.toLowerCase();
  return MARKERS.find((marker) => text.includes(marker)) ?? TRAILER.exec(text)?.[1];
}
