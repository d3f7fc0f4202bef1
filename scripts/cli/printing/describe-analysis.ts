import type { RepositoryAnalysis } from '@miaobu/shared/contracts/code-repositories';
import { printableText } from './printable-text.ts';
import type { Terminal } from './terminal.ts';

const LABEL_WIDTH = 11;
const runtimes = { node: 'Node.js', python: 'Python' } as const;

/** How a repository would be built, and why. */
export function describeAnalysis(terminal: Terminal, analysis: RepositoryAnalysis): void {
  const { framework, confidence, package_manager, install_command, build_command, start_command } = analysis;
  const row = (label: string, text: string) =>
    terminal.line(`  ${terminal.paint('dim', label.padEnd(LABEL_WIDTH))}${printableText(text)}`);
  const guessed = confidence === 'low' ? ' (a guess)' : '';
  row('Framework', `${framework ?? 'none recognized'}${guessed}`);
  const by = install_command === null || package_manager === null ? '' : ` (${package_manager})`;
  const packages = analysis.python_dependencies;
  const installed = [install_command === null ? [] : install_command + by, packages === null ? [] : `pip, ${packages}`];
  row('Install', installed.flat().join('; ') || 'nothing');
  row('Build', build_command ?? 'nothing');
  if (analysis.kind === 'static') row('Output', analysis.output_directories.join(', '));
  else {
    row('Start', start_command ?? 'unknown');
    if (analysis.runtime_version !== null) row('Runs on', `${runtimes[analysis.kind]} ${analysis.runtime_version}`);
  }
  if (analysis.kind !== 'node' && analysis.node_version !== null) row('Node', analysis.node_version);
  if (analysis.problem !== null) row('Problem', analysis.problem);
}
