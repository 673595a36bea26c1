// Written by npm run generate from actions/rollback/step.ts.

/**
 * Take an image back in the files of another repository, and keep it there.
 * Inputs by their names in camel case; of a secret the id of the credentials that hold it.
 * Returns the outputs.
 */
Map call(Map inputs = [:]) {
    return lockstep('rollback', inputs, [
        'file',
        'image',
        'repository',
        'to',
        'to-commit',
        'container',
        'all',
        'set',
        'pattern',
        'reason',
        'hold',
        'until',
        'environment',
        'pull-request',
        'branch-prefix',
        'overwrite',
        'commit-message',
        'verified',
        'push-timeout',
        'branch',
        'token',
        'username',
        'app-id',
        'app-private-key',
        'ssh-key',
        'ssh-known-hosts',
        'ca-certificate',
        'skip-verify',
        'forge',
        'api-url',
        'author-name',
        'author-email',
        'signing-key',
        'dry-run',
        'log-level',
        'timeout',
        'outputs-dir',
    ], [
        'token',
        'app-private-key',
        'ssh-key',
        'signing-key',
    ])
}
