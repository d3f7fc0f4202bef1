/** The end of an exhaustive switch: a compile error when a case is missing, an exception when the data does not match its type. */
export function assertNever(value: never): never {
  throw new TypeError(`unexpected value: ${JSON.stringify(value)}`);
}
