import { expect, test } from 'vitest';
import { choosePackages } from './choose-packages.ts';

test('the layer holds what is imported and what that requires, and nothing else', () => {
  const shared = new Map([['node-pg-migrate', 'shared/db/migrate-database.ts']]);
  const functions = new Map([
    ['zod', 'functions/api/handler.ts'],
    ['@miaobu/shared/kernel/ids', 'functions/api/handler.ts'],
  ]);
  expect(choosePackages(shared, functions)).toEqual(['node-pg-migrate', 'pg', 'zod']);
});

test('an import that no recipe covers ends the build, with the file that has it', () => {
  const imports = new Map([['left-pad', 'shared/kernel/slug.ts']]);
  expect(() => choosePackages(imports)).toThrow(
    "shared/kernel/slug.ts imports 'left-pad', which layers/vendor-packages.ts does not know",
  );
});
