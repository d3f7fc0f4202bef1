import { AppError } from '../../kernel/app-error.ts';

/** The API path of a repository. Throws `repository_not_found` for a malformed name. */
export function repositoryPath(fullName: string): string {
  if (!/^[\w-]+\/[\w.-]+$/.test(fullName)) {
    throw new AppError('repository_not_found', { message: `not owner/name: ${fullName}` });
  }
  return `/repos/${encodePath(fullName)}`;
}

/** Keeps the slashes. A `..` would reach another part of the API: no branch, commit or file has such a name. */
export function encodePath(text: string): string {
  const segments = text.split('/');
  if (segments.some((segment) => segment === '.' || segment === '..')) {
    throw new AppError('invalid_request', { message: `not a path in a repository: ${text}` });
  }
  return segments.map(encodeURIComponent).join('/');
}
