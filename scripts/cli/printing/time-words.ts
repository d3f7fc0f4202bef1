/** A time as a person's clock shows it. */
export const localTime = (iso: string, to: 'minutes' | 'seconds' = 'minutes') =>
  new Intl.DateTimeFormat('sv-SE', {
    dateStyle: 'short',
    timeStyle: to === 'minutes' ? 'short' : 'medium',
  }).format(new Date(iso));

const units = [
  ['d', 86_400],
  ['h', 3600],
  ['min', 60],
  ['s', 1],
] as const;

const LONG_AGO_SECONDS = 30 * 86_400;

/** How long ago that was, in its largest unit; a date when it was more than a month. */
export function timeAgo(iso: string, now: Date): string {
  const seconds = Math.floor((now.getTime() - Date.parse(iso)) / 1000);
  if (seconds > LONG_AGO_SECONDS) return localTime(iso).slice(0, 10);
  // Two clocks are never quite the same.
  const [unit, size] = units.find(([, size]) => seconds >= size) ?? ['s', 1];
  return seconds < 1 ? 'just now' : `${Math.floor(seconds / size)} ${unit} ago`;
}
