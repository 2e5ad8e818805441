/**
 * Exit codes of every command. Never a count, and 0 only when what was asked for happened.
 */
export const EXIT = {
  pass: 0,
  /** A check failed: nodes disagree, a request is stuck, an expectation does not hold, a purchase was refused. */
  failed: 1,
  /** Too little happened to say either. */
  inconclusive: 2,
  /** What a run recorded could not be collected. */
  artefacts: 3,
  /** The machine or the lab is not in the state the command needs: broker, port, disk, a node that does not start. */
  environment: 4,
  /** Bad arguments or a bad file. */
  usage: 64,
  /** A bug of this project. */
  bug: 70,
  interrupted: 130,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** One line for each code, for help. */
export const EXIT_MEANINGS: readonly (readonly [ExitCode, string])[] = [
  [EXIT.pass, 'what was asked for happened'],
  [EXIT.failed, 'a check failed or a purchase was refused'],
  [EXIT.inconclusive, 'too little happened to say'],
  [EXIT.artefacts, 'records of a run could not be collected'],
  [EXIT.environment, 'the machine or the lab is not ready for it'],
  [EXIT.usage, 'bad arguments or a bad file'],
  [EXIT.bug, 'a bug of Wallance Lab'],
  [EXIT.interrupted, 'interrupted'],
];
