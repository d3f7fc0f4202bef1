const EXPRESSION = /\$\{([^}]*)\}/g;
const ENVIRONMENT = /^env\('([A-Za-z_][A-Za-z0-9_]*)'(?:,\s*'([^']*)')?\)$/;
const RESOURCE = /^resources\.(\w+)\.props\.([\w.]+)$/;

/**
 * Fills in the expressions of s.yaml that it uses, as Serverless Devs does: `${env('NAME')}`, `${env('NAME', 'default')}`
 * and `${resources.key.props.path}`. A variable that is set but empty counts as missing, there as here. Throws one error
 * that names everything that cannot be filled in.
 */
export function interpolate(document: unknown, environment: Readonly<Record<string, string | undefined>>): unknown {
  const problems = new Set<string>();

  const evaluate = (expression: string, following: readonly string[]): string => {
    const [, name, otherwise] = ENVIRONMENT.exec(expression) ?? [];
    if (name !== undefined) {
      const value = environment[name] || otherwise;
      if (value === undefined) problems.add(`the variable ${name} is not set`);
      return value ?? '';
    }
    const [, key = '', path = ''] = RESOURCE.exec(expression) ?? [];
    const found = key === '' ? undefined : lookUp(document, ['resources', key, 'props', ...path.split('.')]);
    if (typeof found !== 'string' || following.includes(expression)) {
      problems.add(`\${${expression}} cannot be filled in`);
      return '';
    }
    return fill(found, [...following, expression]);
  };
  const fill = (text: string, following: readonly string[]): string =>
    text.replace(EXPRESSION, (_, expression: string) => evaluate(expression.trim(), following));
  const walk = (value: unknown): unknown => {
    if (typeof value === 'string') return fill(value, []);
    if (Array.isArray(value)) return value.map(walk);
    if (typeof value === 'object' && value !== null)
      return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, walk(member)]));
    return value;
  };

  const filled = walk(document);
  if (problems.size > 0) throw new Error(`s.yaml: ${[...problems].join('; ')}`);
  return filled;
}

function lookUp(value: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (at, key) =>
      typeof at === 'object' && at !== null && Object.hasOwn(at, key)
        ? (at as Record<string, unknown>)[key]
        : undefined,
    value,
  );
}
