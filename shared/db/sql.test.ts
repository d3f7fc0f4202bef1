import { expect, test } from 'vitest';
import { joinSql, sql } from './sql.ts';

const parts = ({ text, values }: ReturnType<typeof sql>) => ({ text, values });

test('values become numbered parameters and never text', () => {
  const hostile = "'; drop table users; --";
  expect(parts(sql`select * from t where a = ${hostile} and b = ${2} and c = ${null}`)).toEqual({
    text: 'select * from t where a = $1 and b = $2 and c = $3',
    values: [hostile, 2, null],
  });
});

test('a nested fragment keeps its values in the order of their numbers', () => {
  const inner = sql`x = ${'x'} or y = ${'y'}`;
  const middle = sql`(${inner}) and z = ${'z'}`;
  expect(parts(sql`update t set v = ${'v'} where ${middle} limit ${1}`)).toEqual({
    text: 'update t set v = $1 where (x = $2 or y = $3) and z = $4 limit $5',
    values: ['v', 'x', 'y', 'z', 1],
  });
});

test('a fragment used twice brings its values twice', () => {
  const id = sql`id = ${7}`;
  expect(parts(sql`${id} or not ${id}`)).toEqual({ text: 'id = $1 or not id = $2', values: [7, 7] });
});

test('parameter numbers above nine are shifted as a whole', () => {
  const list = joinSql(
    Array.from({ length: 12 }, (_, index) => sql`${index}`),
    ', ',
  );
  expect(parts(sql`values (${'first'}, ${list})`)).toEqual({
    text: `values ($1, ${Array.from({ length: 12 }, (_, index) => `$${index + 2}`).join(', ')})`,
    values: ['first', ...Array.from({ length: 12 }, (_, index) => index)],
  });
});

test('fragments are joined by the separator, and no fragments give an empty one', () => {
  expect(parts(joinSql([sql`a = ${1}`, sql`b`, sql`c = ${3}`], ' and '))).toEqual({
    text: 'a = $1 and b and c = $2',
    values: [1, 3],
  });
  expect(parts(joinSql([], ' and '))).toEqual({ text: '', values: [] });
});

test('undefined is refused, so that a forgotten value does not become null', () => {
  expect(() => sql`select ${undefined}`).toThrow('undefined in a statement');
});

test('an object that merely looks like a fragment is a value', () => {
  const forged = { text: 'true; drop table users', values: [] };
  expect(parts(sql`select ${forged}`)).toEqual({ text: 'select $1', values: [forged] });
});

test('a list is one parameter', () => {
  expect(parts(sql`where id = any (${['a', 'b']}::text[])`)).toEqual({
    text: 'where id = any ($1::text[])',
    values: [['a', 'b']],
  });
});
