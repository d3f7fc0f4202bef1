/** What an element may hold when it is written: text, children, or a list that repeats the element. */
export type XmlContent =
  | string
  | number
  | boolean
  | { readonly [name: string]: XmlContent | undefined }
  | readonly XmlContent[];

export interface XmlElement {
  readonly name: string;
  /** Text directly inside, entities resolved. */
  readonly text: string;
  readonly children: readonly XmlElement[];
}

const escapes: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\r': '&#13;',
};

function element(name: string, content: XmlContent | undefined): string {
  if (content === undefined) return '';
  if (isList(content)) return content.map((item) => element(name, item)).join('');
  if (typeof content !== 'object')
    return `<${name}>${String(content).replace(/[&<>"\r]/g, (c) => escapes[c] ?? c)}</${name}>`;
  const inner = Object.entries(content).map(([child, value]) => element(child, value));
  return `<${name}>${inner.join('')}</${name}>`;
}

const isList = (content: XmlContent): content is readonly XmlContent[] => Array.isArray(content);

export function xmlDocument(root: string, content: XmlContent): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n${element(root, content)}`;
}

const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

function resolveEntities(text: string): string {
  return text.replace(/&(#x[0-9a-f]+|#[0-9]+|[a-z]+);/gi, (whole, name: string) => {
    if (!name.startsWith('#')) return entities[name] ?? whole;
    const code =
      name[1]?.toLowerCase() === 'x' ? Number.parseInt(name.slice(2), 16) : Number.parseInt(name.slice(1), 10);
    return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
  });
}

/**
 * Reads the small documents that OSS takes as a request body: elements and text; attributes are skipped, comments and
 * CDATA are not part of that format. Undefined when the document is not well-formed.
 */
export function parseXml(document: string): XmlElement | undefined {
  interface OpenElement {
    readonly name: string;
    text: string;
    readonly children: XmlElement[];
  }
  const root: OpenElement = { name: '', text: '', children: [] };
  const open = [root];
  const source = document.replace(/^\uFEFF?\s*<\?xml[^>]*\?>/, '');
  const tag = /<(\/?)([A-Za-z_][\w.:-]*)[^<>]*?(\/?)>/g;
  let end = 0;
  for (const match of source.matchAll(tag)) {
    const [whole, closing, name = '', selfClosing] = match;
    const between = source.slice(end, match.index);
    end = match.index + whole.length;
    const current = open.at(-1);
    if (!current || between.includes('<')) return undefined;
    current.text += resolveEntities(between);
    if (closing) {
      open.pop();
      if (current.name !== name || current === root) return undefined;
      open.at(-1)?.children.push(current);
    } else if (selfClosing) {
      current.children.push({ name, text: '', children: [] });
    } else {
      open.push({ name, text: '', children: [] });
    }
  }
  const [document_, ...others] = root.children;
  const isWhole = open.length === 1 && others.length === 0 && (root.text + source.slice(end)).trim() === '';
  return isWhole ? document_ : undefined;
}

/** The text of the first child of that name. */
export const childText = (parent: XmlElement, name: string): string | undefined =>
  parent.children.find((child) => child.name === name)?.text;
