/**
 * Called before each vendor call that a method makes; what it throws ends the method there. Callers under a lease pass their lease check:
 * each single call ends within the lease's margin, several of them may not.
 */
export type BeforeCall = () => void;
