/**
 * What a script of package.json actually runs. An app is started without a package manager (whose wrapper costs half a second, swallows
 * signals, and is not on the machine), so `npm start` and the scripts it runs are expanded.
 */
export interface UnwrappedScript {
  /** A shell command. */
  readonly command: string;
  /** The scripts that were followed; the first is the requested one. */
  readonly through: readonly string[];
}

type Scripts = Readonly<Record<string, string>>;

const RUN_SCRIPT =
  /^(?:npm|pnpm|yarn|bun)\s+(?:(?:--?[\w-]+\s+)*)(?:(run|run-script)\s+)?(?:(?:-s|--silent)\s+)?([\w:.-]+)(?:\s+(?:--\s+)?(\S.*))?$/;
const RUN_PROGRAM = /^(?:npx|bunx|(?:npm|pnpm|yarn)\s+exec|pnpm\s+dlx)\s+(?:(?:-y|--yes|--no|--no-install|--)\s+)*/;
/** `yarn next start` runs a program of the dependencies, unless it is one of the manager's own commands. */
const OWN_PROGRAM =
  /^(?:yarn|pnpm)\s+(?!(?:install|i|add|ci|up|update|set|dlx|workspaces?|run|exec|recursive)\b)(?=[\w@])/;
/** Targets another package of the workspace, which is another project. */
const ELSEWHERE = /\s(?:-w|--workspaces?|--filter|-F|--prefix|-C|--cwd|-r|--recursive)\b|^yarn\s+workspaces?\b/;
const INSTALLS = /^(?:(?:npm|pnpm|bun)\s+(?:install|i|ci)|yarn(?:\s+install)?)(?:\s+-.*)?$/;
const ASSIGNMENTS = /^(?:[A-Za-z_]\w*=(?:"[^"]*"|'[^']*'|\S*)\s+)*/;

/** Splits at `&&`, unless it may be inside quotes. */
const stepsOf = (text: string) =>
  (/["'`]/.test(text) && /["'`][^"'`]*&&[^"'`]*["'`]/.test(text) ? [text] : text.split('&&')).map((step) =>
    step.trim(),
  );

/** A command without the variables before it. */
export const withoutAssignments = (command: string) => command.replace(ASSIGNMENTS, '');

/** Anything longer was not written by hand. */
const LONGEST = 4_000;

/** Expands the script `name`; `built` is the script that the build has already run. Undefined when there is no such script. */
export function unwrapScript(all: Scripts, name: string, built: string | undefined): UnwrappedScript | undefined {
  const scripts = Object.fromEntries(Object.entries(all).filter(([, text]) => text.length <= LONGEST));
  const through: string[] = [];

  function follow(script: string): string[] {
    through.push(script);
    const before = scripts[`pre${script}`];
    const own = scripts[script] ?? '';
    return [...(before === undefined ? [] : expand(before)), ...expand(own)];
  }

  function expand(text: string): string[] {
    return stepsOf(text).flatMap((step) => {
      // The package lacks cross-env when it is a development dependency, and a shell does the same.
      const plain = step.replace(/^cross-env(?:-shell)?\s+/, '');
      const assignments = ASSIGNMENTS.exec(plain)?.[0] ?? '';
      const command = plain.slice(assignments.length);
      if (ELSEWHERE.test(command) && /^(?:npm|pnpm|yarn|bun)\b/.test(command)) return [step];
      if (INSTALLS.test(command)) return [];
      const [, run, script, rest] = RUN_SCRIPT.exec(command) ?? [];
      const isScript = script !== undefined && scripts[script] !== undefined;
      const isShort =
        isScript && (run !== undefined || !command.startsWith('npm') || /^(?:start|stop|test)$/.test(script));
      if (isShort && !through.includes(script)) {
        if (script === built) return [];
        const inner = follow(script);
        const last = inner.pop();
        if (last === undefined) return inner;
        return [...inner, `${assignments}${last}${rest === undefined ? '' : ` ${rest}`}`];
      }
      if (built !== undefined && command === scripts[built]?.trim()) return [];
      return [assignments + command.replace(RUN_PROGRAM, '').replace(OWN_PROGRAM, '')];
    });
  }

  if (scripts[name] === undefined) return undefined;
  const command = follow(name)
    .filter((step) => step !== '')
    .join(' && ');
  return { command, through };
}
