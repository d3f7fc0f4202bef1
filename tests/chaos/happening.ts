import type { World } from './world.ts';

/** Something that happens from outside. */
export interface Happening {
  readonly weight: number;
  /** Whether it can happen now. */
  readonly may: (world: World) => boolean;
  readonly happen: (world: World) => Promise<void> | void;
}
