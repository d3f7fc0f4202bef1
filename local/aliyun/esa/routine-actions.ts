import { text } from 'node:stream/consumers';
import { AcsError } from '../../wire/acs3.ts';
import type { PublishedRoutine } from './edge/edge-messages.ts';
import { type EsaState, timestamp } from './esa-state.ts';
import { routineScript } from './routine-script.ts';
import type { RpcAction, RpcParameters } from './rpc-service.ts';
import { stagingUploadForm, type UploadTarget } from './staging-upload-form.ts';

const ENVIRONMENTS = ['staging', 'production'];

/** The routine operations of ESA 2024-09-10. `published` is called with what production now runs. */
export function routineActions(
  state: EsaState,
  target: UploadTarget,
  published: (routine: PublishedRoutine) => void,
): Record<string, RpcAction> {
  const { database, nextId } = state;
  const existing = (form: RpcParameters) => {
    const row = database.prepare('select * from routines where name = ?').get(form.required('Name'));
    if (!row) throw new AcsError(404, 'RoutineNotFound', 'The specified routine does not exist.');
    return { name: String(row.name), description: row.description, createdAt: row.created_at };
  };
  const stagingKey = (name: string) => `routines/${name}/unstable/index.js`;

  return {
    CreateRoutine: {
      method: 'POST',
      run({ form }) {
        const name = form.required('Name');
        if (!/^[a-z0-9][a-z0-9-]{1,62}$/.test(name))
          throw new AcsError(
            400,
            'InvalidName',
            'A routine name has at least two lower-case letters, digits or hyphens.',
          );
        const { changes } = database
          .prepare('insert into routines (name, description, created_at) values (?, ?, ?) on conflict do nothing')
          .run(name, form.optional('Description') ?? '', timestamp());
        if (changes === 0) throw new AcsError(400, 'RoutineAlreadyExist', 'The routine already exists.');
        return { Status: 'OK' };
      },
    },
    GetRoutine: {
      method: 'POST',
      run({ form }) {
        const routine = existing(form);
        const rows = database
          .prepare('select * from routine_publications where routine = ? order by environment')
          .all(routine.name);
        const environments = rows.map((row) => ({
          Env: row.environment,
          CodeDeploy: { Strategy: 'percentage', CodeVersions: [{ CodeVersion: row.version, Percentage: 100 }] },
        }));
        return {
          Description: routine.description,
          CreateTime: routine.createdAt,
          Envs: environments,
          HasAssets: false,
        };
      },
    },
    GetRoutineStagingCodeUploadInfo: {
      method: 'POST',
      run({ form }) {
        const { name } = existing(form);
        const description = form.optional('CodeDescription') ?? '';
        return { CodeVersion: 'unstable', OssPostConfig: stagingUploadForm(target, stagingKey(name), description) };
      },
    },
    CommitRoutineStagingCode: {
      method: 'POST',
      async run({ form }) {
        const { name } = existing(form);
        const uploaded = target.readObject(target.bucket, stagingKey(name));
        if (!uploaded) throw new AcsError(400, 'RoutineCodeNotFound', 'No code was uploaded for the routine.');
        const script = await routineScript(await text(uploaded.body));
        // 19 digits like the real ones: a version is a string, never a number.
        const version = `${nextId()}000`;
        database
          .prepare(
            'insert into routine_versions (routine, version, description, script, created_at) values (?, ?, ?, ?, ?)',
          )
          .run(name, version, form.optional('CodeDescription') ?? '', script, timestamp());
        return { CodeVersion: version };
      },
    },
    PublishRoutineCodeVersion: {
      method: 'POST',
      run({ form }) {
        const { name } = existing(form);
        const environment = form.required('Env');
        if (!ENVIRONMENTS.includes(environment))
          throw new AcsError(400, 'InvalidEnv', 'Specified parameter Env is not valid.');
        const version = form.required('CodeVersion');
        const row = database
          .prepare('select script from routine_versions where routine = ? and version = ?')
          .get(name, version);
        if (!row) throw new AcsError(404, 'CodeVersionNotFound', 'The specified code version does not exist.');
        database
          .prepare(
            `insert into routine_publications (routine, environment, version) values (?, ?, ?)
             on conflict (routine, environment) do update set version = excluded.version`,
          )
          .run(name, environment, version);
        if (environment === 'production') published({ name, version, script: String(row.script) });
        return { CodeVersion: version };
      },
    },
  };
}

/** What production runs: everything a freshly started edge has to know. */
export function publishedRoutines({ database }: EsaState): PublishedRoutine[] {
  return database
    .prepare(
      `select routine, version, script from routine_publications join routine_versions using (routine, version)
       where environment = 'production'`,
    )
    .all()
    .map((row) => ({ name: String(row.routine), version: String(row.version), script: String(row.script) }));
}
