import mime from 'mime';

const TEXTUAL = /^(text\/|application\/(javascript|json|xml|[\w.-]+\+(json|xml))$|image\/svg\+xml$)/;

/** Content-Type of a file, by its name. What is text is UTF-8. */
export function contentType(path: string): string {
  const type = mime.getType(path) ?? 'application/octet-stream';
  return TEXTUAL.test(type) ? `${type}; charset=utf-8` : type;
}
