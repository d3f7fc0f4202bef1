/** What a rule can look at. `host` is without a port, lower-case. */
export interface RuleSubject {
  readonly host: string;
  readonly path: string;
  readonly uri: string;
  readonly method: string;
}

export type RoutingRule = (subject: RuleSubject) => boolean;

const FIELDS: Readonly<Record<string, (subject: RuleSubject) => string>> = {
  'http.host': (subject) => subject.host,
  'http.request.uri.path': (subject) => subject.path,
  'http.request.uri': (subject) => subject.uri,
  'http.request.method': (subject) => subject.method,
};

const TOKEN = /\s*(?:"((?:[^"\\]|\\.)*)"|([(){},])|([\w.]+))/y;

interface Token {
  readonly text: string;
  readonly quoted: boolean;
}

/**
 * Reads a rule of ESA's rule language, the part that selects by host, path and method: `true`, `eq`, `ne`, `in {…}`,
 * `contains`, `starts_with(…)`, `ends_with(…)`, `not`, `and`, `or`, parentheses. Throws an `Error` that says what it
 * cannot read.
 */
export function parseRoutingRule(source: string): RoutingRule {
  const tokens = tokenize(source);
  let position = 0;

  const peek = () => tokens[position];
  const take = (): Token => {
    const token = tokens[position];
    if (!token) throw new Error(`The rule ends too early: ${source}`);
    position += 1;
    return token;
  };
  const isNext = (text: string) => peek()?.text === text && !peek()?.quoted;
  const accept = (text: string) => {
    if (!isNext(text)) return false;
    position += 1;
    return true;
  };
  const expect = (text: string) => {
    if (!accept(text)) throw new Error(`Expected ${text} before ${peek()?.text ?? 'the end'} in the rule: ${source}`);
  };
  const string = () => {
    const token = take();
    if (!token.quoted) throw new Error(`Expected a quoted string instead of ${token.text} in the rule: ${source}`);
    return token.text;
  };
  const field = () => {
    const { text } = take();
    const read = Object.hasOwn(FIELDS, text) ? FIELDS[text] : undefined;
    if (!read) throw new Error(`The field ${text} is not known in the rule: ${source}`);
    return read;
  };

  const any = (): RoutingRule => {
    const terms = [all()];
    while (accept('or')) terms.push(all());
    return (subject) => terms.some((term) => term(subject));
  };
  const all = (): RoutingRule => {
    const terms = [term()];
    while (accept('and')) terms.push(term());
    return (subject) => terms.every((each) => each(subject));
  };
  const term = (): RoutingRule => {
    if (accept('true')) return () => true;
    if (accept('not')) {
      const inner = term();
      return (subject) => !inner(subject);
    }
    if (accept('(')) {
      const inner = any();
      expect(')');
      return inner;
    }
    for (const name of ['starts_with', 'ends_with'] as const) {
      if (accept(name)) return affix(name);
    }
    return comparison();
  };
  const affix = (name: 'starts_with' | 'ends_with'): RoutingRule => {
    expect('(');
    const read = field();
    expect(',');
    const value = string();
    expect(')');
    return name === 'starts_with'
      ? (subject) => read(subject).startsWith(value)
      : (subject) => read(subject).endsWith(value);
  };
  const comparison = (): RoutingRule => {
    const read = field();
    const operator = take().text;
    switch (operator) {
      case 'eq':
      case 'ne': {
        const value = string();
        return (subject) => (read(subject) === value) === (operator === 'eq');
      }
      case 'contains': {
        const value = string();
        return (subject) => read(subject).includes(value);
      }
      case 'in': {
        expect('{');
        const values = new Set<string>();
        while (!accept('}')) {
          values.add(string());
          accept(',');
        }
        return (subject) => values.has(read(subject));
      }
      default:
        throw new Error(`The operator ${operator} is not known in the rule: ${source}`);
    }
  };

  const rule = any();
  if (peek()) throw new Error(`Nothing may follow before ${peek()?.text} in the rule: ${source}`);
  return rule;
}

function tokenize(source: string): Token[] {
  const tokens: Token[] = [];
  const text = source.trim();
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.length) {
    const at = TOKEN.lastIndex;
    const match = TOKEN.exec(text);
    if (!match) throw new Error(`The rule cannot be read from: ${text.slice(at)}`);
    const [, quoted, mark, word] = match;
    tokens.push({ text: quoted?.replace(/\\(.)/g, '$1') ?? mark ?? word ?? '', quoted: quoted !== undefined });
  }
  return tokens;
}
