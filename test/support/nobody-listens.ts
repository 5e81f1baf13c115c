/**
 * Where connections are refused, whatever else runs: no server gets a port below 1 024 unasked. That of a server which has
 * stopped is another test's soon (seen: half of the requests to an endpoint that was to be dead were answered with 200).
 */
export const NOBODY_LISTENS = ['http://127.0.0.1:1', 'http://127.0.0.1:2'] as const
