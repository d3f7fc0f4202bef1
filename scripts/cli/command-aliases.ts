/** Other words for commands, those of similar tools: each does exactly what its command does. */
export const commandAliases: ReadonlyMap<string, string> = new Map([
  ['ls', 'list'],
  ['rm', 'delete'],
  ['remove', 'delete'],
  ['env ls', 'env list'],
  ['env add', 'env set'],
  ['env remove', 'env rm'],
  ['environments ls', 'environments'],
  ['environments list', 'environments'],
  ['environments remove', 'environments rm'],
  ['hooks ls', 'hooks list'],
  ['hooks add', 'hooks create'],
  ['hooks remove', 'hooks rm'],
  ['tokens ls', 'tokens list'],
  ['tokens rm', 'tokens revoke'],
]);

export const aliasesOf = (name: string): string[] =>
  [...commandAliases].filter(([, command]) => command === name).map(([alias]) => alias);
