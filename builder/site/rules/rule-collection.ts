import type { HeaderRule, RedirectRule } from '@miaobu/shared/contracts/routing-rules';

/** Why a rule, or a part of one, is left out. */
export class NotSupported extends Error {
  override readonly name = 'NotSupported';
}

/** What has been read from a site's files so far: rules that will apply, and warnings about what will not. */
export interface RuleCollection {
  readonly redirects: RedirectRule[];
  readonly headers: HeaderRule[];
  trailingSlash?: boolean;
  cleanUrls?: boolean;
  readonly warnings: string[];
}

export const emptyCollection = (): RuleCollection => ({ redirects: [], headers: [], warnings: [] });

const LONGEST_WARNING = 300;

/** `where`: the file and the place in it. Texts of the file may be part of `why`. */
export function warn(collection: RuleCollection, where: string, why: string): void {
  const text = `Warning: ${where}: ${why}`.replace(/[^\x20-\x7e\u00a0-\uffff]+/g, ' ');
  collection.warnings.push(text.length > LONGEST_WARNING ? `${text.slice(0, LONGEST_WARNING)}…` : text);
}

/** Adds a rule, or a warning if it is not supported. */
export async function take(collection: RuleCollection, where: string, read: () => void | Promise<void>): Promise<void> {
  try {
    await read();
  } catch (error) {
    if (!(error instanceof NotSupported)) throw error;
    warn(collection, where, `${error.message}; the rule is left out`);
  }
}

export const notSupported = (message: string): never => {
  throw new NotSupported(message);
};
