import type { HeaderRule, NameAndValue, RoutingRules, RuleStatus } from '@miaobu/shared/contracts/routing-rules';
import { type PathPattern, parsePattern } from '@miaobu/shared/contracts/rule-pattern';
import { decodeTargetPath, parseTarget, type RuleTarget } from '@miaobu/shared/contracts/rule-target';

export interface CompiledRedirect {
  readonly pattern: PathPattern;
  readonly query: readonly NameAndValue[];
  readonly target: RuleTarget;
  /** For a rule that shows another file: its path in the form of manifests, with placeholders. */
  readonly targetPath: string;
  readonly status: RuleStatus;
  readonly force: boolean;
}

export interface CompiledHeaders extends Pick<HeaderRule, 'set' | 'unset'> {
  readonly pattern: PathPattern;
}

/** Rules ready to be applied: they are parsed once per isolate. */
export interface CompiledRules extends Pick<RoutingRules, 'trailingSlash' | 'cleanUrls'> {
  readonly redirects: readonly CompiledRedirect[];
  readonly headers: readonly CompiledHeaders[];
}

function patternOf(text: string): PathPattern {
  const pattern = parsePattern(text);
  if ('problem' in pattern) throw new Error('malformed pattern');
  return pattern;
}

/** Throws for rules that are not those of a checked manifest. */
export function compileRules(rules: RoutingRules): CompiledRules {
  return {
    ...rules,
    redirects: rules.redirects.map(({ from, query = [], to, status, force }) => {
      const target = parseTarget(to);
      if (!target) throw new Error('malformed target');
      const targetPath = decodeTargetPath(target.path) ?? '';
      return { pattern: patternOf(from), query, target, targetPath, status, force };
    }),
    headers: rules.headers.map(({ for: path, set, unset }) => ({ pattern: patternOf(path), set, unset })),
  };
}
