/**
 * The pages the edge writes itself, in Chinese and English. They name neither the hostname nor a cause: what went wrong
 * inside is in the log. Never cached, so that a page ends with what caused it.
 */
const NOTICES = {
  badRequest: [400, '请求无效', 'This request is not valid'],
  unknownHost: [404, '这里没有部署', 'No such deployment'],
  notFound: [404, '页面不存在', 'Page not found'],
  methodNotAllowed: [405, '不支持该请求方法', 'This method is not supported'],
  preconditionFailed: [412, '前提条件不满足', 'A precondition was not met'],
  rangeNotSatisfiable: [416, '请求的范围无效', 'The requested range is outside the file'],
  badOrigin: [502, '内容暂时无法读取', 'The content could not be read'],
  unavailable: [503, '服务暂时不可用，请稍后再试', 'Temporarily unavailable, please try again soon'],
} as const satisfies Record<string, readonly [status: number, zh: string, en: string]>;

export type Notice = keyof typeof NOTICES;

const STYLE =
  'body{margin:0;min-height:100vh;display:grid;place-content:center;text-align:center;font:16px/1.6 system-ui,sans-serif;' +
  'color-scheme:light dark}h1{margin:0;font-weight:600;font-size:22px}p{margin:0;opacity:.7}';

/** A complete answer; a HEAD gets the same headers and no body. */
export function noticePage(notice: Notice, method: string, headers: Readonly<Record<string, string>> = {}): Response {
  const [status, zh, en] = NOTICES[notice];
  const html =
    `<!doctype html><html lang="zh-CN"><meta charset="utf-8"><meta name="viewport" content="width=device-width">` +
    `<title>${status} ${zh}</title><style>${STYLE}</style><h1>${zh}</h1><p lang="en">${en}</p><p>${status}</p></html>\n`;
  const body = new TextEncoder().encode(html);
  return new Response(method === 'HEAD' ? null : body, {
    status,
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'content-length': String(body.length),
      'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'",
      'cache-control': 'no-store',
      ...headers,
    },
  });
}
