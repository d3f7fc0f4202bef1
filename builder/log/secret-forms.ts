/** Shorter values occur in any text by chance; masking them would hide the log, not the secret. */
const SHORTEST_SECRET_BYTES = 6;
/** Longer values are masked line by line, and as a whole in base64 and JSON; no tool prints other encodings of them. */
const FULLY_ENCODED_BYTES = 16 * 1024;
/** Where `base64` and `openssl` break their lines. */
const LINE_WIDTHS = [76, 64];

const hexPair = (byte: number) => byte.toString(16).padStart(2, '0');
const percent = (text: string) => [...Buffer.from(text)].map((byte) => `%${hexPair(byte).toUpperCase()}`).join('');
const unicodeEscape = (text: string) =>
  text.replace(/[^ -~]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);

/** As `encodeURIComponent`, `encodeURI`, HTML forms, RFC 3986 and libraries that leave slashes alone do it. */
function urlForms(value: string): string[] {
  // A lone surrogate cannot be encoded; Buffer replaces it with U+FFFD, as a terminal would.
  const component = encodeURIComponent(Buffer.from(value).toString());
  const strict = component.replace(/[!'()*]/g, percent);
  const upper = [component, strict, strict.replaceAll('%2F', '/'), encodeURI(Buffer.from(value).toString())];
  const form = strict.replaceAll('~', '%7E').replaceAll('%2A', '*');
  const withPlus = [component, strict, form];
  const all = [...upper, ...withPlus.map((it) => it.replaceAll('%20', '+'))];
  return [...all, ...all.map((it) => it.replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase()))];
}

function jsonForms(value: string): string[] {
  const json = JSON.stringify(value).slice(1, -1);
  const ascii = unicodeEscape(json);
  const forHtml = json.replace(/[<>&]/g, unicodeEscapeOf);
  const forms = [json, ascii, ascii.replace(/\\u[0-9a-f]{4}/g, (code) => `\\u${code.slice(2).toUpperCase()}`), forHtml];
  // JSON inside of JSON, as in a request that is logged.
  const slashed = forms.map((form) => form.replaceAll('/', '\\/'));
  return [...forms, ...slashed, ...[...forms, ...slashed].map((form) => JSON.stringify(form).slice(1, -1))];
}
const unicodeEscapeOf = (character: string) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;

function htmlForms(value: string): string[] {
  const escaped = value.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  const quoted = escaped.replaceAll('"', '&quot;');
  return [escaped, quoted, ...['&#39;', '&#x27;', '&apos;'].map((quote) => quoted.replaceAll("'", quote))];
}

/** As `set -x`, `printf %q`, `declare -p` and the `repr` of languages print it, without the quotes around. */
function quotedForms(value: string): string[] {
  const escapes: Record<string, string> = { '\n': '\\n', '\r': '\\r', '\t': '\\t', '\\': '\\\\', "'": "\\'" };
  const ansiC = value.replace(/[\n\r\t\\']/g, (character) => escapes[character] ?? character);
  return [
    value.replaceAll("'", `'\\''`),
    value.replaceAll("'", `'"'"'`),
    ansiC,
    ansiC.replaceAll("\\'", "'"),
    value.replace(/[\\"$`]/g, '\\$&'),
    value.replace(/[^\w%+,./:=@^-]/g, (character) => (/[ -~]/.test(character) ? `\\${character}` : character)),
  ];
}

/**
 * Base64 of the value alone, and the characters common to all longer texts that contain it, wherever in a group of three
 * bytes it begins.
 */
function base64Forms(value: string): string[] {
  const bytes = Buffer.from(value);
  const whole = bytes.toString('base64');
  const inside = [0, 1, 2].map((before) => {
    const first = Math.ceil((before * 8) / 6);
    const last = Math.floor(((before + bytes.length) * 8) / 6);
    return Buffer.concat([Buffer.alloc(before), bytes])
      .toString('base64')
      .slice(first, last);
  });
  const lines = LINE_WIDTHS.flatMap((width) =>
    whole.length > width ? (whole.match(new RegExp(`.{1,${width}}`, 'g')) ?? []) : [],
  );
  const forms = [whole, whole.replace(/=+$/, ''), ...inside, ...lines];
  return [...forms, ...forms.map((form) => form.replaceAll('+', '-').replaceAll('/', '_'))];
}

function hexForms(value: string): string[] {
  const hex = Buffer.from(value).toString('hex');
  const spaced = hex.replace(/..(?=.)/g, '$& ');
  return [hex, spaced, spaced.replaceAll(' ', ':')].flatMap((form) => [form, form.toUpperCase()]);
}

function encodedForms(value: string): string[] {
  const always = [...jsonForms(value), ...base64Forms(value)];
  if (Buffer.byteLength(value) > FULLY_ENCODED_BYTES) return always;
  return [...always, ...urlForms(value), ...htmlForms(value), ...quotedForms(value), ...hexForms(value)];
}

const isLongEnough = (text: string) => Buffer.byteLength(text) >= SHORTEST_SECRET_BYTES;

/** Whether a value that should be hidden cannot be. */
export const isTooShort = (value: string) => value !== '' && !isLongEnough(value);

/** The texts to hide for these values: each value, its lines, and the forms that tools commonly print them in. */
export function secretForms(values: readonly string[]): string[] {
  const texts = new Set<string>();
  for (const value of values) {
    const lines = value.split(/\r?\n/).map((line) => line.trim());
    for (const text of new Set([value, value.trim(), ...lines])) {
      if (!isLongEnough(text)) continue;
      for (const form of [text, ...encodedForms(text)]) if (isLongEnough(form)) texts.add(form);
    }
  }
  return [...texts];
}
