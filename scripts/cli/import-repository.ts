import { exitCodes } from './cli-error.ts';
import type { Command } from './command.ts';
import type { OptionValues } from './command-options.ts';
import { followDeployment } from './follow-deployment.ts';
import { exitCodeOf, showProgress } from './show-progress.ts';

/** The settings a person named; the platform finds out the others. */
function settingsFrom(options: OptionValues) {
  const settings = {
    name: options.name,
    branch: options.branch,
    slug: options.slug,
    root_directory: options.root,
    install_command: options['install-command'],
    build_command: options['build-command'],
    output_directory: options.output,
  };
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));
}

export const importRepository: Command = {
  summary: 'Imports a repository and follows its first deployment until it is live.',
  operands: ['<owner/name>'],
  options: ['name', 'branch', 'slug', 'root', 'install-command', 'build-command', 'output', 'no-wait'],
  async run({ client, terminal, options }, [repo = '']) {
    const { data } = await client('createProject', { body: { repo, ...settingsFrom(options) } });
    const { deployment, ...project } = data;
    const path = { project: project.slug, deployment: deployment.id };

    if (options.json) {
      let last = deployment;
      if (!options['no-wait']) {
        for await (const news of followDeployment(client, path)) if (news.kind === 'status') last = news.deployment;
      }
      terminal.json({ ...project, deployment: last });
      return options['no-wait'] ? exitCodes.done : exitCodeOf(last);
    }

    terminal.line(`Imported ${terminal.paint('bold', project.repository)} as ${terminal.paint('bold', project.slug)}.`);
    if (options['no-wait']) {
      terminal.line(`It is going to be at ${project.url}; follow it with: logs ${project.slug} -f`);
      return exitCodes.done;
    }
    const ended = await showProgress(terminal, client, path);
    if (ended.status === 'deployed') {
      terminal.line(`\n${terminal.paint('green', 'Live at')} ${terminal.paint('bold', project.url)}`);
      terminal.line(`Every push to ${project.branch} goes there.`);
    }
    return exitCodeOf(ended);
  },
};
