const known = new Map<string, string>();

/** `commit_sha` → `commitSha`. For names of columns, of which there are few: each is worked out once. */
export function camelCase(name: string): string {
  let key = known.get(name);
  if (key === undefined) {
    key = name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
    known.set(name, key);
  }
  return key;
}
