import { exitCodes } from '../cli-error.ts';
import type { Command } from '../command.ts';
import { sizeWords } from '../printing/size-words.ts';

const duration = (seconds: number) => (seconds < 60 ? `${seconds.toFixed(1)} s` : `${(seconds / 60).toFixed(1)} min`);

export const usageCommand: Command = {
  summary: 'Shows what your projects used, and your limits.',
  more: 'Default: this month. Days are those of Aliyun’s bills, in UTC+8.',
  operands: [],
  options: ['from', 'to'],
  examples: [
    ['miaobu usage', 'this month'],
    ['miaobu usage --from 2026-01-01 --to 2026-01-31', 'January'],
  ],
  async run({ client, terminal, options }) {
    const { data } = await client('getUsage', { query: { from: options.from, to: options.to } });
    if (options.json) {
      terminal.json(data);
      return exitCodes.done;
    }
    const { builds, build_seconds, stored_bytes, limits } = data;
    terminal.line(`${data.from} to ${data.to}: ${builds} builds, ${duration(build_seconds)} of build time.`);
    terminal.line(`Stored now: ${sizeWords(stored_bytes)} of ${sizeWords(limits.max_storage_bytes)}.`);
    terminal.line(
      `Limits: ${limits.max_projects} projects, ${limits.max_active_builds} builds at a time, ${limits.max_builds_per_hour} builds an hour.`,
    );
    if (data.projects.length > 0) terminal.line();
    if (data.projects.length > 0) {
      terminal.table(
        ['PROJECT', 'BUILDS', 'BUILD TIME', 'STORED'],
        data.projects.map(({ slug, project_id, builds, build_seconds, stored_bytes }) => [
          slug === null ? { text: `${project_id} (deleted)`, style: 'dim' } : { text: slug, style: 'bold' },
          String(builds),
          duration(build_seconds),
          sizeWords(stored_bytes),
        ]),
      );
    }
    return exitCodes.done;
  },
};
