import type { Seal, Sealer } from '../../kernel/seal.ts';
import { variableContext } from '../project/project.ts';
import type { Variable } from './variable-repository.ts';

type Place = Pick<Variable, 'projectId' | 'environment' | 'key'>;

const contextOf = ({ projectId, environment, key }: Place) => variableContext(projectId, environment, key);

/** A value as the database holds it: it opens at this name of this environment and nowhere else. */
export const sealValue = (seal: Seal, place: Place, value: string) => ({
  sealed: seal(value, contextOf(place)),
  bytes: Buffer.byteLength(place.key) + Buffer.byteLength(value),
});

/** The plain value of a variable. Throws `secret_unreadable` when it was sealed for another place or with a key that is gone. */
export const openValue = (sealer: Sealer, variable: Place & Pick<Variable, 'sealed'>): Promise<string> =>
  sealer.open(variable.sealed, contextOf(variable));
