import type { Happening } from '../happening.ts';
import type { World } from '../world.ts';
import {
  somebodyCancels,
  somebodyDeploys,
  somebodyRedeploys,
  somebodyUploads,
  somethingCallsHook,
} from './asks-for-deployments.ts';
import {
  somebodyChangesBranch,
  somebodyChangesSettings,
  somebodyDeletes,
  somebodySwitchesStaging,
} from './changes-settings.ts';
import { somebodyPins, somebodyPromotes, somebodyResumes, somebodyRollsBack } from './switches-deployments.ts';

/** How many deployments people ask for in one run, besides pushing. */
const REQUESTS = 2;

/** How often somebody has to have pushed before a project is deleted, so that there is something to delete. */
const PUSHES_BEFORE_DELETION = 5;

const hasBuilt = ({ runner }: World) => runner.runs.length > 0;

const asks = (weight: number, ask: (world: World) => void): Happening => ({
  weight,
  may: (world) => hasBuilt(world) && world.requests.count < REQUESTS,
  happen(world) {
    world.requests.count += 1;
    ask(world);
  },
});

/** What users do with the API, a line each. */
export const whatPeopleDo: readonly Happening[] = [
  asks(0.1, somebodyDeploys),
  asks(0.1, somebodyRedeploys),
  asks(0.05, somethingCallsHook),
  asks(0.07, somebodyUploads),
  { weight: 0.15, may: hasBuilt, happen: somebodyCancels },
  { weight: 0.4, may: hasBuilt, happen: somebodyRollsBack },
  { weight: 0.15, may: hasBuilt, happen: somebodyPromotes },
  { weight: 0.2, may: hasBuilt, happen: somebodyResumes },
  { weight: 0.08, may: hasBuilt, happen: somebodyPins },
  { weight: 0.15, may: () => true, happen: somebodyChangesSettings },
  // The branch is asked for its head by a message that may be dropped in an outage: then that net has to find it.
  { weight: 0.03, may: ({ without }) => !without.has('sync'), happen: somebodyChangesBranch },
  { weight: 0.06, may: hasBuilt, happen: somebodySwitchesStaging },
  {
    weight: 0.02,
    may: ({ github, deletion }) => github.pushes() >= PUSHES_BEFORE_DELETION && !deletion.began,
    happen: somebodyDeletes,
  },
];
