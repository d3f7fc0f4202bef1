import { exitCodes } from '../cli-error.ts';
import type { Command } from '../command.ts';
import { sizeWords } from '../printing/size-words.ts';

const duration = (seconds: number) => (seconds < 60 ? `${seconds.toFixed(1)} s` : `${(seconds / 60).toFixed(1)} min`);

export const usageCommand: Command = {
  summary: 'Tells what your projects used, and may use.',
  more: 'This month, unless told otherwise. Days are those of Aliyun’s bills: UTC+8.',
  operands: [],
  options: ['from', 'to'],
  examples: [
    ['miaobu usage', 'of this month'],
    ['miaobu usage --from 2026-01-01 --to 2026-01-31', ''],
  ],
  async run({ client, terminal, options }) {
    const { data } = await client('getUsage', { query: { from: options.from, to: options.to } });
    if (options.json) {
      terminal.json(data);
      return exitCodes.done;
    }
    const { builds, build_seconds, stored_bytes, limits } = data;
    terminal.line(`From ${data.from} to ${data.to}: ${builds} builds, ${duration(build_seconds)} of building.`);
    terminal.line(`Stored now: ${sizeWords(stored_bytes)} of ${sizeWords(limits.max_storage_bytes)}.`);
    terminal.line(
      `Limits: ${limits.max_projects} projects, ${limits.max_active_builds} builds at a time, ${limits.max_builds_per_hour} an hour.`,
    );
    if (data.projects.length > 0) terminal.line();
    if (data.projects.length > 0) {
      terminal.table(
        ['PROJECT', 'BUILDS', 'BUILDING', 'STORED'],
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
