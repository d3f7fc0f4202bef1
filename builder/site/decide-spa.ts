/** Unless the settings decide, only a lone index.html made by a build is taken for a single-page app. */
export function decideSpa(setting: boolean | null, maySpa: boolean, paths: readonly string[]): boolean {
  if (setting !== null) return setting;
  const pages = paths.filter((path) => path.endsWith('.html'));
  return maySpa && pages.length === 1 && pages[0] === 'index.html';
}
