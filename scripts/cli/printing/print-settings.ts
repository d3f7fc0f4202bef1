import type { Project } from '@miaobu/shared/contracts/projects';
import type { CommandContext } from '../command.ts';
import { printableText } from './printable-text.ts';

const LABEL_WIDTH = 17;

const orDetected = (value: string | null, empty: string) => (value === null ? 'detected' : value || empty);

/** How a project is built and deployed, a setting a line. */
export function printSettings({ terminal, options }: CommandContext, project: Project): void {
  if (options.json) {
    terminal.json(project);
    return;
  }
  const { settings } = project;
  const row = (label: string, text: string) =>
    terminal.line(terminal.paint('dim', label.padEnd(LABEL_WIDTH)) + printableText(text));
  row('Project', `${project.name} (${project.slug})`);
  row('Repository', project.repository);
  row('Branch', project.branch);
  row('Root', settings.root_directory || 'the root of the repository');
  row('Install command', orDetected(settings.install_command, 'nothing'));
  row('Build command', orDetected(settings.build_command, 'nothing'));
  row('Output', orDetected(settings.output_directory, 'the root directory itself'));
  row('Start command', orDetected(settings.start_command, 'none: a static site'));
  row('Runtime', orDetected(settings.runtime, ''));
  row('Node.js', orDetected(settings.node_version, ''));
  row('Watched paths', project.watch_paths?.join(', ') ?? 'the root directory');
}
