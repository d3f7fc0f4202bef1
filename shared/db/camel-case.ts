const known = new Map<string, string>();

/** `commit_sha` → `commitSha`. Cached: it is used for column names, of which there are few. */
export function camelCase(name: string): string {
  let key = known.get(name);
  if (key === undefined) {
    key = name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
    known.set(name, key);
  }
  return key;
}
