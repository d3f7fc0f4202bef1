/**
 * Called before each of the calls to the vendor that one method takes; what it throws ends the method there. Whoever works under a lease
 * passes the look at the lease: each call alone ends within its margin, several of them do not.
 */
export type BeforeCall = () => void;
